"""Alarms and the dashboard: generates CloudFormation templates from `alarms.yaml` and `dashboard.yaml`.

`python -m operations` (or `make schemas`) writes an `operations.yaml` next to the template of each application that has
something to watch. That template nests it and passes the names of the watched resources.
"""
