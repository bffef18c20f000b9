"""`shop`: the command line for people and scripts.

Customers' commands use the shop's API. Operators' commands and the audit read and repair the stack's own resources.
"""
