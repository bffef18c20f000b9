"""What `layer/contracts` says, written out for the schema registry, for AsyncAPI tools and for people; and what
`api/openapi.yaml` says, written out for API Gateway.

`python -m schemas` (or `make schemas`) writes all of it, and refuses when an event would break a version of itself that
was published before.
"""
