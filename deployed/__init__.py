"""A running stack, on this machine or on AWS: what is in it, the doors into it, and what operators do with it."""
