"""Puts the storefront into its bucket while the stack is deployed, and empties it when the stack is deleted."""
