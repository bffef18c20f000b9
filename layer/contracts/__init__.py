"""What services agree on: event models, value types, and the shape of the orders' stream."""
