"""A running stack, on this machine or on AWS: its resources, how to reach it, and what operators do with it."""
