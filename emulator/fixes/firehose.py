"""Delivery streams from Kinesis to S3: together, compressed, and only as their role says.

AWS: Firehose reads the stream and writes the bucket as the roles in its configuration; it gathers records into one
object, compresses it and names it accordingly (Firehose Developer Guide, "Controlling access", "Configure Amazon S3
object name format", "Data delivery frequency").
Emulator: writes each record into an object of its own, uncompressed, and asks no role.
Fix: the records of one write to the stream become one object, compressed as configured, if the roles allow to read and
to write; else they are not delivered, and the log says so.
Left out: gathering over several writes (an object is there at once), and, from Kinesis, processing, conversion and
dynamic partitioning.
Goes when: MiniStack does both.
"""

import gzip
import logging
from typing import Any

from emulator import policies
from emulator.patching import module, original

_S3 = {"ExtendedS3", "S3"}
log = logging.getLogger("firehose")


def apply() -> None:
    firehose = module("services.firehose")
    original(firehose, "ingest_from_kinesis_source", "stream_arn records")
    original(firehose, "_deliver_to_s3", "stream dest record_data lambda_keys")

    def ingest(stream_arn: str, records: list[tuple[str, bytes]]) -> None:
        if not records:
            return
        with firehose._lock:
            streams = [stream for stream in firehose._streams.values() if _reads(stream, stream_arn)]
        for stream in streams:
            for destination in stream["destinations"]:
                if destination["type"] in _S3 and _allowed(stream, destination["config"]):
                    config, body = _compressed(destination["config"], b"".join(data for _key, data in records))
                    firehose._deliver_to_s3(stream, {**destination, "config": config}, body)

    firehose.ingest_from_kinesis_source = ingest


def _reads(stream: dict[str, Any], stream_arn: str) -> bool:
    source = stream.get("kinesis_source") or {}
    return stream["status"] == "ACTIVE" and source.get("KinesisStreamARN") == stream_arn


def _allowed(stream: dict[str, Any], config: dict[str, Any]) -> bool:
    source = stream["kinesis_source"]
    needed = [
        *(
            (source["RoleARN"], f"kinesis:{action}", source["KinesisStreamARN"])
            for action in ("DescribeStream", "GetShardIterator", "GetRecords", "ListShards")
        ),
        (config["RoleARN"], "s3:PutObject", f"{config['BucketARN']}/{config.get('Prefix', '')}"),
    ]
    for role, action, resource in needed:
        if not policies.role_allows(role, action, resource):
            log.warning("%s delivers nothing: %s may not %s on %s", stream["name"], role, action, resource)
            return False
    return True


def _compressed(config: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    if config.get("CompressionFormat") != "GZIP":
        return config, body
    return {**config, "FileExtension": config.get("FileExtension") or ".gz"}, gzip.compress(body)
