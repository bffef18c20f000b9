"""Order updates on Kafka, for organizations that are on Kafka already: the bridge to a topic, and a reader of it."""
