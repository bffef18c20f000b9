"""Clicks count once each, whatever repeats them, holds them up or splits their stream; raw ones are kept."""

import base64
import gzip
import json
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.evidence import gather
from cli.app import main
from deployed.browsing import Click, requests, sessions
from tests.support.deployment import redeploy
from tests.support.eventually import eventually, until
from tests.support.faults import invoke, without_permission
from tests.support.shop import Person, RunningShop

pytestmark = pytest.mark.e2e

# A hundred products trend, and other tests' visitors view more than that once or twice.
ENOUGH_TO_TREND = 20
COUNTED_AS = {"view": "views", "add_to_cart": "carts", "checkout": "checkouts"}

type Counts = Counter[tuple[str, str]]
"""How many of what, by sku and counter."""


def visits(skus: Iterable[str], count: int) -> list[list[Click]]:
    """So many visits that no other test makes, as requests."""
    return list(requests(sessions(count, uuid.uuid4().int, list(skus), datetime.now(UTC))))


def invented_skus() -> list[str]:
    return [f"E2E-{uuid.uuid4().hex[:12]}" for _ in range(6)]


def send(shop: RunningShop, batches: Iterable[list[Click]]) -> None:
    def one(batch: list[Click]) -> None:
        answer = shop.stranger.asks("POST", "clicks", json={"events": [click.document() for click in batch]})
        assert (answer.status_code, answer.json()) == (202, {"accepted": len(batch)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, batches))


def tally(batches: Iterable[list[Click]]) -> Counts:
    return Counter((click.sku, COUNTED_AS[click.type]) for batch in batches for click in batch)


def trending(shop: RunningShop, skus: Iterable[str]) -> Counts:
    """Of what was viewed: a hundred products trend, and what was only bought is the first that falls off."""
    answer = shop.stranger.asks("GET", "trending?minutes=120")
    assert answer.status_code == 200, answer.text
    products = {product["sku"]: product for product in answer.json()["products"]}
    names = (*COUNTED_AS.values(), "purchases")
    return +Counter({(sku, name): products[sku][name] for sku in skus if sku in products for name in names})


def view(sku: str) -> Click:
    return Click(uuid.uuid4().hex, "one-visitor", "view", sku, datetime.now(UTC))


def shards(shop: RunningShop) -> list[tuple[str, int, int]]:
    """The open ones with their first and last key, in the order of those."""
    found = shop.aws("kinesis").list_shards(StreamName=shop.table("Clickstream/Clicks"))["Shards"]
    ranges = [(one["ShardId"], one["HashKeyRange"]) for one in found if "EndingSequenceNumber" not in one]
    keyed = [(name, int(keys["StartingHashKey"]), int(keys["EndingHashKey"])) for name, keys in ranges]
    return sorted(keyed, key=lambda shard: shard[1])


def split(shop: RunningShop) -> None:
    name, first, last = shards(shop)[0]
    shop.aws("kinesis").split_shard(
        StreamName=shop.table("Clickstream/Clicks"),
        ShardToSplit=name,
        NewStartingHashKey=str((first + last) // 2 + 1),
    )


def merge(shop: RunningShop) -> None:
    (first, *_), (second, *_), *_rest = shards(shop)
    shop.aws("kinesis").merge_shards(
        StreamName=shop.table("Clickstream/Clicks"), ShardToMerge=first, AdjacentShardToMerge=second
    )


def delivered_again(batches: Iterable[list[Click]]) -> dict[str, Any]:
    """What Lambda would hand over if a producer had put these clicks once more, each by itself."""
    now = datetime.now(UTC).timestamp()
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-000000000000:{number}",
                "kinesis": {
                    "sequenceNumber": str(number),
                    "approximateArrivalTimestamp": now,
                    "data": base64.b64encode(json.dumps(click.document()).encode()).decode(),
                },
            }
            for number, click in enumerate(click for batch in batches for click in batch)
        ]
    }


def test_every_click_counts_once_under_repetition_outage_and_resharding(shop: RunningShop) -> None:
    """Scenario 15: by the client, by a consumer whose table was out of reach, by a lost answer, by split and merge."""
    skus = invented_skus()
    batches = visits(skus, 200)
    half = len(batches) // 2
    with without_permission(shop, "Clickstream/AggregateRole", "dynamodb:PutItem"):
        send(shop, batches[:half] * 2)
        split(shop)
        send(shop, batches[half - 1 :])
        assert trending(shop, skus) == Counter()
    eventually(lambda: trending(shop, skus), tally(batches))

    merge(shop)
    send(shop, batches)
    # The event source does the same at the same time: who meets it asks for a retry.
    repeated = delivered_again(batches)
    eventually(lambda: invoke(shop, "Clickstream/Aggregate", repeated), {"batchItemFailures": []})
    last = view(skus[0])
    send(shop, [[last]])

    eventually(lambda: trending(shop, skus), tally([*batches, [last]]))


def test_what_is_viewed_is_set_against_what_is_bought(shop: RunningShop, customer: Person) -> None:
    mug = shop.sells(stock=5)
    send(shop, [[view(mug.sku) for _ in range(4)]])
    customer.orders(2 * mug).becomes("CONFIRMED")

    eventually(lambda: trending(shop, [mug.sku]), Counter({(mug.sku, "views"): 4, (mug.sku, "purchases"): 1}))
    products = shop.stranger.asks("GET", "trending").json()["products"]
    assert next(found for found in products if found["sku"] == mug.sku)["conversion"] == 0.25


def test_poison_does_not_hold_up_its_shard_and_goes_whole_to_the_failure_queue(shop: RunningShop) -> None:
    """Scenario 14."""
    (sku, *_), poison = invented_skus(), uuid.uuid4().bytes
    clicks = [view(sku) for _ in range(2)]
    send(shop, [clicks[:1]])
    # Where the visitor's clicks go, too.
    shop.aws("kinesis").put_record(
        StreamName=shop.table("Clickstream/Clicks"), PartitionKey=clicks[0].session_id, Data=poison
    )
    send(shop, [clicks[1:]])

    eventually(lambda: trending(shop, [sku]), Counter({(sku, "views"): 2}))
    sqs, queue = shop.aws("sqs"), shop.table("Clickstream/AggregateFailures")
    (letter,) = until(
        lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []), bool, "the poison"
    )
    assert base64.b64decode(json.loads(letter["Body"])["record"]["kinesis"]["data"]) == poison
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=letter["ReceiptHandle"])


def raw(shop: RunningShop, skus: Iterable[str]) -> Counter[str]:
    """How often the archive holds each click of these products, by its id, wherever it was written in these hours."""
    s3, bucket, found = shop.aws("s3"), shop.table("Clickstream/RawClicks"), Counter[str]()
    wanted = set(skus)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="clicks/date="):
        for stored in page.get("Contents", []):
            body = gzip.decompress(s3.get_object(Bucket=bucket, Key=stored["Key"])["Body"].read())
            # Poison is kept raw, too.
            lines = [line for line in body.splitlines() if line.startswith(b"{")]
            found.update(click["event_id"] for click in map(json.loads, lines) if click["sku"] in wanted)
    return found


def test_raw_clicks_are_kept_compressed_by_the_hour_as_they_came(shop: RunningShop) -> None:
    skus = invented_skus()
    batches = visits(skus, 20)
    began = datetime.now(UTC)
    send(shop, [*batches, batches[0]])

    expected = Counter(click.event_id for batch in [*batches, batches[0]] for click in batch)
    eventually(lambda: raw(shop, skus), expected)
    bucket = shop.table("Clickstream/RawClicks")
    stored = shop.aws("s3").list_objects_v2(Bucket=bucket)["Contents"]
    hours = {one["Key"].rpartition("/")[0] for one in stored}
    assert f"clicks/date={began:%Y-%m-%d}/hour={began:%H}" in hours
    assert all(one["Key"].endswith(".gz") for one in stored)


def test_the_command_line_s_visitors_look_and_buy_once_per_seed(
    shop: RunningShop, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*line: str) -> Any:
        assert main(["--home", str(shop.stack.file.parent), *line, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    before, seed = clicks_counted(shop), str(uuid.uuid4().int % 10**9)
    sent = run("clicks", "--sessions", "40", "--seed", seed, "--orders")
    expected = before + Counter({name: sent[name] for name in COUNTED_AS.values()})
    eventually(lambda: clicks_counted(shop), expected)
    assert max(product["views"] for product in run("trending")) > 0
    assert sent["orders"] > 0
    assert sent["sent_again"] > 0

    assert run("clicks", "--sessions", "40", "--seed", seed, "--orders") == sent

    # What came after it has been counted, so the repetition has been handled.
    last = view("E2E-LAST")
    send(shop, [[last]])
    eventually(lambda: clicks_counted(shop), expected + Counter(views=1))


def clicks_counted(shop: RunningShop) -> Counter[str]:
    """Of all products, also those that do not trend; the audit holds the counters to these."""
    return Counter(click.counter for click in gather(shop.stack).clicks.values())


def test_switched_off_it_takes_no_clicks_has_no_stream_and_still_tells_what_is_bought(
    shop: RunningShop, customer: Person
) -> None:
    mug = shop.sells(stock=5)
    send(shop, [[view(mug.sku) for _ in range(ENOUGH_TO_TREND)]])
    counts = Counter({(mug.sku, "views"): ENOUGH_TO_TREND})
    eventually(lambda: trending(shop, [mug.sku]), counts)
    eventually(lambda: streams(shop), (1, 1, 1))
    redeploy(shop, ClickstreamMode="OFF")
    try:
        answer = shop.stranger.asks("POST", "clicks", json={"events": [view(mug.sku).document()]})
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:cartwheel:problem:clicks-off")
        assert streams(shop) == (0, 0, 0)
        customer.orders(mug).becomes("CONFIRMED")
        counts += Counter({(mug.sku, "purchases"): 1})
        eventually(lambda: trending(shop, [mug.sku]), counts)
    finally:
        redeploy(shop, ClickstreamMode="PROVISIONED")
    seen = view(mug.sku)
    send(shop, [[seen]])
    eventually(lambda: trending(shop, [mug.sku]), counts + Counter({(mug.sku, "views"): 1}))
    eventually(lambda: raw(shop, [mug.sku])[seen.event_id], 1)


def streams(shop: RunningShop) -> tuple[int, int, int]:
    """How many streams, deliveries and readers of streams of clicks there are: what costs."""
    mappings = shop.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    return (
        len(shop.aws("kinesis").list_streams()["StreamNames"]),
        len(shop.aws("firehose").list_delivery_streams()["DeliveryStreamNames"]),
        sum(":kinesis:" in mapping.get("EventSourceArn", "") for mapping in mappings),
    )
