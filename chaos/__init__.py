"""Chaos: shoppers who buy while the shop fails on purpose, and what an operator does when it is over."""
