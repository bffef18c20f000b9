"""Alarms and the dashboard: `alarms.yaml` and `dashboard.yaml`, written out for CloudFormation.

`python -m operations` (or `make schemas`) writes an `operations.yaml` beside the template of each application that has
something to watch. The template nests it and passes the names of what is watched.
"""
