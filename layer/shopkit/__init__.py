"""Building blocks of the services' handlers: HTTP, DynamoDB items, queues, streams, the outbox relay, telemetry."""
