"""The contracts between services: event models, value types, and what they may read of the orders' stream."""
