"""4. Exactly the events that the state implies were published, each id once, and their contents agree with the
state."""

from collections import Counter
from collections.abc import Iterator

from audit import contents, histories
from audit.evidence import Evidence
from audit.histories import History
from audit.result import CheckResult
from deployed.words import count


def check(evidence: Evidence) -> CheckResult:
    seen = {event.event_id: f"{event.type} {event.entity_version}" for event in evidence.timeline}
    implied, faults, unexplained = 0, list(_repeated(evidence)), set(seen)
    for what, entity_id, allowed in _entities(evidence):
        candidates = [histories.ids(history, entity_id) for history in allowed]
        if not candidates:
            faults.append(f"{what}: no history leads to its state")
            continue
        # Compare with the nearest history: events that it has and the timeline lacks are missing, and the others are
        # unexplained.
        expected = min(candidates, key=lambda ids: (len(ids.keys() - seen.keys()), -len(ids)))
        implied += len(expected)
        unexplained -= expected.keys()
        faults += [f"{what}: {name} never came" for id_, name in expected.items() if id_ not in seen]
    by_id = {event.event_id: event.order_id for event in evidence.timeline}
    faults += sorted(f"{by_id[id_]}: {seen[id_]} came, but nothing in the state explains it" for id_ in unexplained)
    faults += contents.faults(evidence)
    figures = f"{count(implied, 'event')} implied, {len(seen):,} came"
    return CheckResult(4, "events", figures, tuple(faults), remedy="./shop rebuild timeline")


def _repeated(evidence: Evidence) -> Iterator[str]:
    """Returns ids that were recorded more than once. A repeated event overwrites itself unless it differs, for example
    in its time."""
    for id_, times in Counter(event.event_id for event in evidence.timeline).items():
        if times > 1:
            yield f"event {id_}: came {times} times with different contents"


def _entities(evidence: Evidence) -> Iterator[tuple[str, str, list[History]]]:
    """Returns everything that publishes events about orders: a name for messages, the id in its events, and its
    possible histories."""
    for order_id, order in sorted(evidence.orders.items()):
        yield order_id, order_id, histories.of_order(order)
    for order_id, reservation in sorted(evidence.reservations.items()):
        yield f"{order_id}, its goods", order_id, histories.of_reservation(reservation)
    for order_id, payment in sorted(evidence.payments.items()):
        yield f"{order_id}, its payment", order_id, histories.of_payment(payment)
    for notification in evidence.notifications:
        what = f"{notification.order_id}, its {notification.channel} about {notification.type}"
        yield what, notification.pk, histories.of_notification(notification)
