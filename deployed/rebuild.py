"""Rebuilds the read models from their sources."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, chain
from typing import Any

from botocore.exceptions import ClientError

from contracts.envelope import Envelope, envelop
from contracts.inventory import ProductUpdated
from contracts.types import Money, Timestamp, Value
from deployed.errors import CommandError
from deployed.stack import Stack
from shopkit.bus import entries
from shopkit.dynamodb import pages, to_value

_POLL_SECONDS = 0.3
_PRODUCT = "product#"
# PutEvents accepts 10 entries per call (API reference).
_ENTRIES = 10

type Progress = Callable[[str], None]


class _Named(Value):
    sku: str


class Product(_Named):
    """A product as the inventory has it."""

    name: str
    price: Money
    version: int
    updated_at: Timestamp


class Entry(_Named):
    """A product as the order service's replica has it."""

    name: str
    price: Money
    version: int

    def copies(self, product: Product | None) -> bool:
        return product is not None and self == Entry.model_validate(product.model_dump())


@dataclass(frozen=True)
class Rebuilt:
    """`repeated` is how many events were published again, `removed` are the products whose entries were wrong, and
    `unreadable` are rows of the inventory that are not valid products."""

    repeated: int
    removed: tuple[str, ...]
    unreadable: tuple[str, ...]


def rebuild_catalogue(stack: Stack, *, patience: float, progress: Progress) -> Rebuilt:
    """Rebuilds the order service's catalogue from the inventory, by publishing every product's latest ProductUpdated
    again under its original id.

    The newest version wins there. So an entry with wrong contents at the same version, or with a higher version, would
    stay. Such entries are removed first; until the event arrives, orders for the product are refused. An entry that
    cannot be read is treated as wrong. A product that cannot be read is skipped, together with its entry.

    Raises CommandError if the replica does not equal the inventory after `patience` seconds.
    """
    products, entries = _read(stack, "Inventory/Inventory", Product), _read(stack, "Order/Orders", Entry)
    wrong = [
        sku
        for sku, entry in entries.items()
        if not (sku in products and products[sku] is None) and _would_stay_wrong(entry, products.get(sku))
    ]
    for sku in wrong:
        _remove(stack, sku, entries[sku])
    events = [_event_of(product) for product in products.values() if product]
    for done, some in enumerate(batched(events, _ENTRIES, strict=False), start=1):
        _publish(stack, some)
        progress(f"republished {min(done * _ENTRIES, len(events))} of {len(events)}")
    _await_equal(stack, patience, progress)
    return Rebuilt(len(events), tuple(wrong), tuple(sku for sku, product in products.items() if product is None))


def _would_stay_wrong(entry: Entry | None, product: Product | None) -> bool:
    return entry is None or product is None or (entry.version >= product.version and not entry.copies(product))


def _event_of(product: Product) -> Envelope[ProductUpdated]:
    """Returns the event as the inventory's relay would publish it."""
    return envelop(
        ProductUpdated(sku=product.sku, name=product.name, price=product.price),
        entity_id=product.sku,
        entity_version=product.version,
        occurred_at=product.updated_at,
        correlation_id=product.sku,
    )


def _publish(stack: Stack, events: Sequence[Envelope[Any]]) -> None:
    answer = stack.client("events").put_events(Entries=entries(stack.resources["Bus"], events))
    if answer["FailedEntryCount"]:
        raise CommandError(f"The bus refused {answer['FailedEntryCount']} events. Nothing is lost; try again.")


def _await_equal(stack: Stack, patience: float, progress: Progress) -> None:
    deadline = time.monotonic() + patience
    while behind := _behind(stack):
        if time.monotonic() > deadline:
            raise CommandError(f"After {patience:g} s the catalogue is still out of date for {', '.join(behind[:5])}.")
        progress(f"waiting for {len(behind)} products")
        time.sleep(_POLL_SECONDS)


def _behind(stack: Stack) -> list[str]:
    products, entries = _read(stack, "Inventory/Inventory", Product), _read(stack, "Order/Orders", Entry)
    copied = {sku for sku, entry in entries.items() if entry and entry.copies(products.get(sku))}
    return [sku for sku, product in products.items() if product and sku not in copied]


def _read[P: _Named](stack: Stack, path: str, kind: type[P]) -> dict[str, P | None]:
    """Returns the products in a table by sku. The value is None if a row is invalid or has a different sku in it."""
    read: dict[str, P | None] = {}
    for row in _rows(stack, path):
        sku = row["pk"].removeprefix(_PRODUCT)
        try:
            found = kind.model_validate(row)
        except (ValueError, OverflowError):
            read[sku] = None
        else:
            read[sku] = found if found.sku == sku else None
    return read


def _rows(stack: Stack, path: str) -> Iterator[dict[str, Any]]:
    """Returns the products' rows of a table. It reads the whole table, which is fine for an operator's command."""
    found = pages(
        stack.client("dynamodb"),
        "scan",
        TableName=stack.resources[path],
        ConsistentRead=True,
        FilterExpression="begins_with(pk, :product)",
        ExpressionAttributeValues={":product": to_value(_PRODUCT)},
    )
    return chain.from_iterable(found)


def _remove(stack: Stack, sku: str, entry: Entry | None) -> None:
    """Removes the entry, unless its version has just changed."""
    dynamodb = stack.client("dynamodb")
    unchanged: dict[str, Any] = (
        {
            "ConditionExpression": "version = :seen",
            "ExpressionAttributeValues": {":seen": to_value(entry.version)},
        }
        if entry
        else {}
    )
    try:
        dynamodb.delete_item(
            TableName=stack.resources["Order/Orders"], Key={"pk": {"S": f"{_PRODUCT}{sku}"}}, **unchanged
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
