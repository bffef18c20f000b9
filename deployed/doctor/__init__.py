"""Checks whether a deployment to AWS would succeed, without changing anything."""
