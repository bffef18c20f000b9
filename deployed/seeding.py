"""Fills a fresh shop through the API, as an operator would. Running it again changes nothing."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from contracts.types import Value
from deployed import users
from deployed.errors import CommandError
from deployed.front_door import FrontDoor
from deployed.stack import Stack, User

CATALOGUE = Path(__file__).parent / "data" / "catalogue.yaml"
CUSTOMERS = ("customer-1", "customer-2")
OPERATORS = ("operator-1",)
# A new account runs at most ten functions at once.
_AT_ONCE = 4
_REPLICA_SECONDS = 60

type Progress = Callable[[str], None]


class CatalogueEntry(Value):
    """`price` is in cents, `stock` in units."""

    sku: str
    name: str
    description: str
    price: int
    image: str
    stock: int


@dataclass(frozen=True)
class Seeded:
    stack: Stack
    products: int
    units: int


def catalogue() -> list[CatalogueEntry]:
    return [CatalogueEntry.model_validate(entry) for entry in yaml.safe_load(CATALOGUE.read_text())]


def address(stack: Stack, who: str) -> str:
    """Returns an e-mail address. On AWS it is one of SES's mailbox simulator, which accepts every e-mail, even in SES's
    sandbox. E-mails to example domains bounce, and bounces harm the account's reputation (SES Developer Guide, "Using
    the mailbox simulator")."""
    return f"{who}@example.com" if stack.is_local else f"success+{who}@simulator.amazonses.com"


def seed_shop(stack: Stack, progress: Progress) -> Seeded:
    """Creates users, products and stock, and returns when orders can be placed. Raises CommandError."""
    for who in CUSTOMERS:
        stack = _known(stack, address(stack, who), operator=False)
    for who in OPERATORS:
        stack = _known(stack, address(stack, who), operator=True)
    entries = catalogue()
    # Always use the same operator, because idempotency keys belong to a user.
    token = users.sign_in(stack, address(stack, OPERATORS[0]))
    with FrontDoor(stack.details.api_url, token) as door, ThreadPoolExecutor(_AT_ONCE) as pool:
        for done, entry in enumerate(pool.map(lambda entry: _offer(door, entry), entries), start=1):
            progress(f"Seeding: {done} of {len(entries)} products, {entry.name}")
    progress("Seeding: waiting until every product can be ordered")
    _await_replica(stack, {entry.sku for entry in entries})
    return Seeded(stack, len(entries), sum(entry.stock for entry in entries))


def _known(stack: Stack, email: str, *, operator: bool) -> Stack:
    """Returns the stack with this user, who exists in the pool and whose password is known here."""
    known = stack.user(email)
    password = known.password if known else users.new_password(stack)
    created = users.create(stack, email, password)
    if operator:
        users.make_operator(stack, email)
    if known:
        return stack
    if not created:  # created by another person or machine; only this demonstration uses it
        users.set_password(stack, email, password)
    return stack.with_user(User(email=email, password=password), operator=operator)


def _offer(door: FrontDoor, entry: CatalogueEntry) -> CatalogueEntry:
    door.put_product(
        entry.sku,
        {
            "name": entry.name,
            "description": entry.description,
            "price": {"amount": entry.price, "currency": "USD"},
            "image": entry.image,
        },
    )
    door.restock(entry.sku, entry.stock, key=f"seed-{entry.sku}")
    return entry


def _await_replica(stack: Stack, skus: set[str]) -> None:
    """Waits until prices have reached the order service as events. Orders before that would be refused."""
    dynamodb, table = stack.client("dynamodb"), stack.resources["Order/Orders"]
    missing, deadline = sorted(skus), time.monotonic() + _REPLICA_SECONDS
    while missing:
        if time.monotonic() > deadline:
            raise CommandError(f"Not at the order service after {_REPLICA_SECONDS} s: {', '.join(missing)}.")
        time.sleep(0.1)
        keys = [{"pk": {"S": f"product#{sku}"}} for sku in missing]
        found = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ProjectionExpression": "pk"}})
        known = {item["pk"]["S"].removeprefix("product#") for item in found["Responses"].get(table, [])}
        missing = [sku for sku in missing if sku not in known]
