"""Scenario 7: what is an Idempotency-Key; and when two bodies are the same request."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order.domain import OrderRequest
from shopkit.idempotency import fingerprint, idempotency_key
from shopkit.problems import Problem
from tests.support.orders import wanted

VISIBLE = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"'), min_size=1, max_size=255
)


def refused(headers: dict[str, str]) -> str:
    with pytest.raises(Problem) as problem:
        idempotency_key(headers)
    assert problem.value.status == 400
    return problem.value.slug


def test_scenario_7_a_missing_key_is_refused() -> None:
    assert refused({}) == "idempotency-key-missing"


@pytest.mark.parametrize(
    "key",
    ["", " ", '""', "x" * 256, '"' + "x" * 256 + '"', "clé", "a\tb", "a\x00b", "a\x7fb", "😀", '"a", "b"', '"a","a"'],
)
def test_scenario_7_a_malformed_key_is_refused(key: str) -> None:
    assert refused({"idempotency-key": key}) == "idempotency-key-malformed"


@given(VISIBLE)
def test_scenario_7_a_quoted_key_is_the_bare_one(key: str) -> None:
    assert idempotency_key({"idempotency-key": key}) == key
    assert idempotency_key({"idempotency-key": f' "{key}" '}) == key


@pytest.mark.parametrize("key", ['"', 'a"b', '"a', "a b", "x" * 255])
def test_scenario_7_odd_but_printable_keys_are_taken_as_they_are(key: str) -> None:
    assert idempotency_key({"idempotency-key": key}) == key


# ── Fingerprints ──────────────────────────────────────────────────────────────────────────────────────────────────────


def of(body: object) -> str:
    return fingerprint(OrderRequest.model_validate_json(json.dumps(body)))


def test_white_space_order_of_names_and_spelt_out_nulls_do_not_matter() -> None:
    body = wanted()
    shuffled = dict(reversed(body.items()))
    assert of(shuffled) == of(body)
    assert of({**body, "expected_total": None}) == of(body)


def test_anything_that_means_something_else_matters() -> None:
    bodies = [
        wanted(),
        wanted(("MUG", 3)),
        wanted(("MUG", 2), ("TEE", 1)),
        wanted(("TEE", 1), ("MUG", 2)),
        wanted(payment_method="pm_declined"),
        wanted(expected_total={"amount": 2900, "currency": "USD"}),
    ]
    assert len({of(body) for body in bodies}) == len(bodies)


def test_a_fingerprint_never_changes() -> None:
    """It is stored with the order, and compared after the next deployment."""
    assert of(wanted()) == "501b1279534831ca114c1db25883a39eee3c15d0d64b6795d4119dd292b010e6"
