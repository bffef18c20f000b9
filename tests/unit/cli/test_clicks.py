"""Visitors: believable ones, the same for the same seed, each click sent until the stream has it."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from clickstream.domain import LATE, PostedClicks
from deployed import browsing
from deployed.browsing import sessions
from tests.support.front_door import Door, Result, order, product

type Run = Callable[..., Result]

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHELF = [f"SKU-{number}" for number in range(20)]
ACCEPTED = httpx2.Response(202, json={"accepted": 1})
BUSY = httpx2.Response(503, json={"title": "Clicks refused", "status": 503, "detail": "Send all of them again."})


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.commands.clicks.time.sleep", lambda _seconds: None)


@pytest.fixture
def shelf(door: Door) -> Door:
    page = {"products": [product(sku) for sku in SHELF], "next_cursor": None}
    door.answers |= {"GET /products": httpx2.Response(200, json=page), "POST /clicks": ACCEPTED}
    return door


def sent(door: Door) -> list[list[dict[str, Any]]]:
    """The events of each request for clicks."""
    return [
        door.body(number)["events"]
        for number, request in enumerate(door.requests)
        if (request.method, request.url.path) == ("POST", "/api/clicks")
    ]


def test_the_same_seed_is_the_same_visits_at_any_time_and_another_seed_is_not() -> None:
    def told(seed: int, now: datetime) -> list[tuple[str, str, str]]:
        return [(c.event_id, c.type, c.sku) for visit in sessions(50, seed, SHELF, now) for c in visit.clicks]

    assert told(7, NOW) == told(7, NOW + timedelta(hours=3))
    assert not {event for event, *_ in told(7, NOW)} & {event for event, *_ in told(8, NOW)}
    assert len({event for event, *_ in told(7, NOW)}) == len(told(7, NOW))


def test_more_sessions_of_a_seed_begin_with_the_fewer() -> None:
    assert sessions(50, 7, SHELF, NOW)[:20] == sessions(20, 7, SHELF, NOW)


def test_visits_are_believable() -> None:
    visits = sessions(2000, 1, SHELF, NOW)
    for visit in visits:
        kinds = [click.type for click in visit.clicks]
        moments = [click.at for click in visit.clicks]
        carted = {click.sku for click in visit.clicks if click.type == "add_to_cart"}
        assert kinds[0] == "view"
        assert moments == sorted(moments)
        assert {click.sku for click in visit.clicks if click.type == "checkout"} in (set(), carted)
        assert set(visit.bought) <= carted
        assert all(click.session_id == visit.id for click in visit.clicks)
    total = Counter(click.type for visit in visits for click in visit.clicks)
    assert total["view"] > 2 * total["add_to_cart"] > 2 * total["checkout"] > 0
    assert 0.05 < sum(bool(visit.bought) for visit in visits) / len(visits) < 0.5
    popular = Counter(click.sku for visit in visits for click in visit.clicks).most_common()
    assert len(popular) == len(SHELF)
    assert popular[0][1] > 5 * popular[-1][1]


def test_every_request_is_one_that_the_service_takes_and_counts_in_its_own_minute() -> None:
    batches = list(browsing.requests(sessions(500, 1, SHELF, NOW)))
    assert [len(batch) for batch in batches[:-1]] == [100] * (len(batches) - 1)
    for batch in batches:
        posted = PostedClicks.model_validate({"events": [click.document() for click in batch]})
        assert all(NOW - LATE < click.at <= NOW for click in posted.events)


def test_clicks_are_sent_and_some_again(run: Run, shelf: Door) -> None:
    said = run("clicks", "--sessions", "200", "--seed", "3", "--json").json
    batches = sent(shelf)
    once = {event["event_id"]: event for batch in batches for event in batch}
    assert len(once) == said["clicks"] == said["views"] + said["carts"] + said["checkouts"]
    assert sum(map(len, batches)) == said["clicks"] + said["sent_again"]
    assert said["sent_again"] >= 100
    assert said["orders"] == 0


def test_what_a_busy_stream_refuses_is_sent_again_whole(run: Run, shelf: Door) -> None:
    shelf.answers["POST /clicks"] = [BUSY, BUSY, ACCEPTED]
    assert run("clicks", "--sessions", "1", "--seed", "3").code == 0
    first, second, third, repeated = sent(shelf)
    assert first == second == third == repeated


def test_a_stream_that_stays_busy_is_told(run: Run, shelf: Door) -> None:
    shelf.answers["POST /clicks"] = BUSY
    said = run("clicks", "--sessions", "1")
    assert said.code == 1
    assert "Send all of them again" in said.err
    assert 1 < len(sent(shelf)) <= 5


def test_a_shop_that_takes_no_clicks_says_so_at_once(run: Run, shelf: Door) -> None:
    shelf.answers["POST /clicks"] = httpx2.Response(404, json={"status": 404, "detail": "This shop takes no clicks."})
    said = run("clicks", "--sessions", "1")
    assert (said.code, len(sent(shelf))) == (1, 1)
    assert "takes no clicks" in said.err


def test_those_who_buy_order_once_per_visit(run: Run, shelf: Door) -> None:
    shelf.answers["POST /orders"] = httpx2.Response(201, json=order())
    said = run("clicks", "--sessions", "50", "--seed", "3", "--orders", "--json").json
    keys = [request.headers["Idempotency-Key"] for request in shelf.requests if request.url.path == "/api/orders"]
    assert said["orders"] == len(keys) == len(set(keys)) > 0
    assert all(key.startswith("seed3-") for key in keys)


def test_an_empty_shop_has_nothing_to_look_at(run: Run, door: Door) -> None:
    door.answers["GET /products"] = httpx2.Response(200, json={"products": [], "next_cursor": None})
    said = run("clicks")
    assert said.code == 1
    assert "shop seed" in said.err


def trend(sku: str, views: int, carts: int = 0, purchases: int = 0) -> dict[str, Any]:
    conversion = purchases / views if views else None
    found = {"sku": sku, "views": views, "carts": carts, "checkouts": purchases, "purchases": purchases}
    return {**found, "conversion": conversion}


def test_trending_is_a_bar_chart(run: Run, door: Door) -> None:
    products = [trend("MUG", 400, 100, 40), trend("TEA", 200, 1), trend("PEN", 0, 0, 2)]
    door.answers["GET /trending"] = httpx2.Response(200, json={"minutes": 60, "products": products})
    mug, tea, pen = run("trending").out.rstrip().splitlines()[-5:-2]
    drawn = {line.split()[0]: Counter(line.split()[1]) for line in (mug, tea, pen)}
    assert drawn["MUG"] == {"█": 5, "▒": 7, "░": 36}
    assert drawn["TEA"] == {"▒": 1, "░": 23}
    assert drawn["PEN"] == {"█": 1}
    assert "10%" in mug
    assert "–" in pen


def test_trending_for_machines_is_what_the_service_says(run: Run, door: Door) -> None:
    products = [trend(f"SKU-{number}", 30 - number) for number in range(30)]
    door.answers["GET /trending"] = httpx2.Response(200, json={"minutes": 5, "products": products})
    assert run("trending", "--minutes", "5", "--top", "30", "--json").json == products
    assert door.requests[-1].url.params["minutes"] == "5"
    assert len(run("trending", "--json").json) == 20


def test_an_idle_shop_says_how_to_get_visitors(run: Run, door: Door) -> None:
    door.answers["GET /trending"] = httpx2.Response(200, json={"minutes": 60, "products": []})
    assert "shop clicks" in run("trending").out
