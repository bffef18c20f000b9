"""What is wrong with a shop that came to rest: the protocol's invariants, judged from tables, ledger and bus alone.

The judge is the shop's own audit, which trusts no service; what only this harness can see is checked besides.
"""

from collections.abc import Iterator

from audit import events, money, orders, queues, stock
from audit.endings import Endings, Machine, Message, Queue
from audit.evidence import CatalogueEntry, Evidence, evidence_in
from tests.simulation.simulation import Published, Simulation


def faults(shop: Simulation, expected_dead: frozenset[str] = frozenset()) -> list[str]:
    """Every violation, one line each. `expected_dead` are ids of events that may lie in dead-letter queues."""
    evidence = evidence_of(shop)
    results = [
        stock.check(evidence),
        money.check(evidence),
        orders.check(evidence),
        events.check(evidence),
        queues.check(evidence, expected_dead),
    ]
    return [f"{result.name}: {fault}" for result in results for fault in result.faults] + [
        *_of_the_bus(shop, evidence),
        *_of_the_order(shop),
        *_of_the_replica(evidence),
        *_of_attention(evidence),
    ]


def evidence_of(shop: Simulation) -> Evidence:
    rows = {
        "orders": shop.rows("Order.Orders"),
        "timeline": shop.rows("Order.Timeline"),
        "inventory": shop.rows("Inventory.Inventory"),
        "payments": shop.rows("Payment.Payments"),
        "ledger": shop.rows("Payment.SandboxLedger"),
    }
    return evidence_in(rows, endings=_endings(shop))


def _endings(shop: Simulation) -> Endings:
    """An execution that was lost is declared by the test that lost it: the orders' states prove that it was missed."""
    machines = {
        name: Machine(
            name.replace(".", "/"),
            express=False,
            running=sum(e.status == "RUNNING" for e in shop.executions if e.machine == name),
            ended_badly=sum(e.status == "FAILED" for e in shop.executions if e.machine == name),
        )
        for name in shop.deployed.machines
    }
    return Endings(
        machines=tuple(machines.values()),
        queues=tuple(
            Queue(
                queue.name,
                len(queue.messages) + len(queue.in_flight),
                final=queue.definition.dead_letters is None,
                messages=tuple(Message(message.id, message.body) for message in queue.messages),
            )
            for queue in shop.queues.values()
        ),
        failed_batches=tuple(stream.label for stream in shop.streams if stream.parked),
    )


def _of_the_bus(shop: Simulation, evidence: Evidence) -> Iterator[str]:
    """An id stands for one content, and the timeline is what the bus carried, not more and not less."""
    contents: dict[str, Published] = {}
    for published in shop.bus:
        first = contents.setdefault(published.id, published)
        if first.event != published.event:
            yield f"bus: {published.type} {published.id} was published with two contents"
    carried = {id_ for id_, published in contents.items() if "order_id" in published.event["detail"]["data"]}
    recorded = {event.event_id for event in evidence.timeline}
    for id_ in carried - recorded:
        yield f"timeline: lacks {contents[id_].type} {id_}"
    for id_ in recorded - carried:
        yield f"timeline: tells of {id_}, which the bus never carried"


def _of_the_order(shop: Simulation) -> Iterator[str]:
    """The ordered topic carries every event of the order service, per order in the order of its versions."""
    told: dict[str, int] = {}
    seen: set[str] = set()
    for published in shop.order_updates:
        if published.id in seen:
            continue
        seen.add(published.id)
        order_id, version = published.event["detail"]["correlation_id"], published.event["detail"]["entity_version"]
        if version < told.get(order_id, 0):
            yield f"order updates: {published.type} of {order_id} came after version {told[order_id]}"
        told[order_id] = version
    for published in shop.bus:
        if published.event["source"] == "shop.order" and published.id not in seen:
            yield f"order updates: lacks {published.type} {published.id}"


def _of_the_replica(evidence: Evidence) -> Iterator[str]:
    for sku, product in evidence.products.items():
        known = evidence.replica.get(sku)
        if known != CatalogueEntry.model_validate(product.model_dump()):
            yield f"replica: {sku} is sold at version {product.version}, known as {known}"


def _of_attention(evidence: Evidence) -> Iterator[str]:
    """A person is called exactly as long as there is something to do: neither in vain nor not at all."""
    for order_id, order in evidence.orders.items():
        payment = evidence.payments.get(order_id)
        if bool(order.attention) != bool(payment and payment.settlement_failed):
            yield f"attention: {order_id} has {order.attention}, its payment {payment and payment.settlement_failed}"
