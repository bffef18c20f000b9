"""What each role of a stack may do, why, and what it did: `grants`, `reasons`, `standing`."""
