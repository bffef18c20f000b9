"""`shop`: the command line for people and scripts.

Buying goes through the front door; an operator's commands and the audit read and repair the stack's own resources.
"""
