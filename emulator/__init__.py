"""The embedded AWS: MiniStack with fixes, and the code that starts it, deploys to it and stops it."""
