"""Generates files from two sources. From `layer/contracts`: the schema registry, AsyncAPI and the event catalogue. From
`api/openapi.yaml`: the document for API Gateway.

`python -m schemas` (or `make schemas`) writes all of them. It refuses if an event would be incompatible with a version
that was published before.
"""
