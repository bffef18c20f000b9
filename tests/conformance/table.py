"""The table in docs/transports.md: what each transport promises, and what a million events of 1 KB cost at list
prices."""

from dataclasses import dataclass

from deployed.meter.prices import list_prices
from tests.conformance.transports import EVENTBRIDGE, KAFKA, KINESIS, SNS, STREAM, Promise

PROMISES = (EVENTBRIDGE, SNS, STREAM, KINESIS, KAFKA)
_BATCH = 10
_MILLION = 1_000_000
_HOURS = 730


@dataclass(frozen=True)
class Latency:
    """Times in seconds."""

    median: float
    longest: float

    def __str__(self) -> str:
        return f"{self.median * 1000:.0f} ms, at most {self.longest * 1000:.0f}"


def usd() -> dict[Promise, str]:
    """Returns the price per million events, and the monthly price while there are none. Functions cost the same
    everywhere."""
    price = list_prices().usd
    # Sent one at a time; received and deleted in batches of ten.
    queue = 1 + 2 / _BATCH
    gigabyte = _MILLION * 1000 / 1e9
    per_million = {
        EVENTBRIDGE: _MILLION * (price["eventbridge_custom_event_64kb"] + queue * price["sqs_request"]),
        SNS: _MILLION * (price["sns_request"] + queue * price["sqs_fifo_request"]),
        STREAM: 0.0,
        KINESIS: _MILLION * price["kinesis_put_unit_25kb"],
        KAFKA: gigabyte * (price["msk_serverless_gb_in"] + price["msk_serverless_gb_out"]),
    }
    cluster = price["msk_serverless_cluster_hour"] + 3 * price["msk_serverless_partition_hour"]
    network = 4 * price["vpc_endpoint_hour"]
    idle = {KINESIS: price["kinesis_shard_month"], KAFKA: _HOURS * (cluster + network)}
    return {
        promise: f"{cost:.2f} USD" + (f", and {idle[promise]:,.0f} a month" if promise in idle else "")
        for promise, cost in per_million.items()
    }


def rows() -> list[list[str]]:
    """Returns the rows without the latency, which differs between machines."""
    prices = usd()
    return [[p.name, p.delivery, p.order, p.size, p.retention, p.replay, p.poison, prices[p]] for p in PROMISES]


HEAD = ("", "delivered", "order", "size limit", "kept", "replay", "poison", "a million of 1 KB")


def markdown() -> str:
    lines = [HEAD, ("---",) * len(HEAD), *rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
