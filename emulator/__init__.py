"""The embedded AWS: MiniStack with its gaps closed, and what starts it, deploys to it and stops it."""
