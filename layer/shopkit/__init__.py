"""What every service's handlers stand on: HTTP, DynamoDB items, queues, streams, the outbox relay, telemetry."""
