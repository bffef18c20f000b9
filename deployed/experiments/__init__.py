"""Experiments: each breaks one part of a deployed shop with a real AWS call, watches, heals, and says what must hold.

`experiments/*.yaml` describes them.
"""
