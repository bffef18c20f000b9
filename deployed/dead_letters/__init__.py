"""What could not be delivered or understood: where it lies, what it says, and the way back to where it belongs."""
