"""Simulated visitors who look around, fill carts and sometimes check out: plausible, and the same for the same seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, Literal

from contracts.types import rfc3339

PER_REQUEST = 100
# The service accepts a visitor's clock up to one hour back, and the oldest click must still be younger on arrival.
SPAN = timedelta(minutes=50)
_LONGEST = 12
_GOES_ON, _CARTS, _CHECKS_OUT, _BUYS = 0.75, 0.3, 0.55, 0.8

type Kind = Literal["view", "add_to_cart", "checkout"]


@dataclass(frozen=True)
class Click:
    event_id: str
    session_id: str
    type: Kind
    sku: str
    at: datetime

    def document(self) -> dict[str, Any]:
        """Returns the click in the format of POST /clicks."""
        return {**vars(self), "at": rfc3339(self.at)}


@dataclass(frozen=True)
class Session:
    """One visit. `bought` are the skus that its visitor orders at the end, if any."""

    id: str
    clicks: tuple[Click, ...]
    bought: tuple[str, ...]


def sessions(count: int, seed: int, skus: Sequence[str], now: datetime) -> list[Session]:
    """Returns `count` visits that end before `now`. The ids depend only on the seed, so clicks that are sent again
    later are recognized. Which products are viewed also depends on what is for sale."""
    shelf = sorted(skus)
    random.Random(seed).shuffle(shelf)  # noqa: S311 - a simulation
    return [_session(f"seed{seed}-{number}", shelf, now) for number in range(1, count + 1)]


def requests(visits: Sequence[Session]) -> Iterator[list[Click]]:
    """Returns all clicks in the order in which they happened, in as few requests as the service allows."""
    clicks = sorted((click for visit in visits for click in visit.clicks), key=lambda click: (click.at, click.event_id))
    return map(list, batched(clicks, PER_REQUEST, strict=False))


def _session(session_id: str, shelf: Sequence[str], now: datetime) -> Session:
    chance = random.Random(session_id)  # noqa: S311 - a simulation
    # A few products get most of the views.
    popularity = [1 / (place + 1) for place in range(len(shelf))]
    steps: list[tuple[Kind, str]] = []
    cart: list[str] = []
    for _ in range(_LONGEST):
        (sku,) = chance.choices(shelf, popularity)
        steps.append(("view", sku))
        if chance.random() < _CARTS and sku not in cart:
            cart.append(sku)
            steps.append(("add_to_cart", sku))
        if chance.random() > _GOES_ON:
            break
    checks_out, buys = chance.random() < _CHECKS_OUT, chance.random() < _BUYS
    if checks_out:
        steps += [("checkout", sku) for sku in cart]
    pauses = [timedelta(seconds=chance.triangular(2, 60, 8)) for _ in steps]
    moment = now - max(SPAN * chance.random(), sum(pauses, timedelta()))
    clicks = []
    for number, ((kind, sku), pause) in enumerate(zip(steps, pauses, strict=True), start=1):
        clicks.append(Click(f"{session_id}-{number}", session_id, kind, sku, moment))
        moment += pause
    return Session(session_id, tuple(clicks), tuple(cart) if checks_out and buys else ())
