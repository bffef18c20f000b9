"""Cursors and limits: what a client sends back or makes up."""

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shopkit.paging import PageRequest, next_cursor, page, page_request
from shopkit.problems import Problem

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=80)


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def test_a_first_page_has_the_default_limit_and_no_position() -> None:
    assert page_request({}, positions=2) == PageRequest(limit=20, after=None)


@pytest.mark.parametrize(("text", "limit"), [("1", 1), ("100", 100), ("007", 7)])
def test_a_limit_is_from_1_to_100(text: str, limit: int) -> None:
    assert page_request({"limit": text}, positions=1).limit == limit


@pytest.mark.parametrize("text", ["", "0", "101", "-1", "+1", "1.0", "1e1", " 1", "ten", "²", "٣", "9" * 5000])
def test_any_other_limit_is_400(text: str) -> None:
    with pytest.raises(Problem) as refused:
        page_request({"limit": text}, positions=1)
    assert (refused.value.status, refused.value.slug) == (400, "invalid-limit")


@given(st.lists(PRINTABLE, min_size=1, max_size=3))
def test_a_cursor_leads_back_to_its_position(position: list[str]) -> None:
    cursor = next_cursor(position)
    assert page_request({"cursor": cursor}, positions=len(position)).after == tuple(position)


@given(st.text(max_size=600) | st.binary(max_size=100).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example("")
@example("=")
@example("A")
@example(encoded([]))
@example(encoded(["a"]))
@example(encoded(["a", "b", "c"]))
@example(encoded(["a", ""]))
@example(encoded(["a", 1]))
@example(encoded(["a", None]))
@example(encoded(["a", "\ud800"]))
@example(encoded(["a", "b\0"]))
@example(encoded({"a": "b"}))
@example(encoded("ab"))
@example(encoded([["a"], ["b"]]))
@example(base64.urlsafe_b64encode(b"[" * 380).decode())
@example(base64.urlsafe_b64encode(b"1" * 380).decode())
@example(base64.urlsafe_b64encode(b"\xff\xfe[").decode())
@example("é")
def test_no_cursor_raises_anything_but_a_refusal(cursor: str) -> None:
    try:
        after = page_request({"cursor": cursor}, positions=2).after
    except Problem as problem:
        refused: tuple[int, str] | None = (problem.status, problem.slug)
    else:
        refused = None
        assert after
        assert [type(value) for value in after] == [str, str]
        assert all(after)
    assert refused in {None, (400, "invalid-cursor")}


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Problem):
        page_request({"cursor": next_cursor(["SKU"])}, positions=2)


def test_a_page_names_the_next_one_unless_it_is_the_last() -> None:
    more = page("orders", [{"order_id": "1"}], ("t", "1"))
    assert page_request({"cursor": more["next_cursor"]}, positions=2).after == ("t", "1")
    assert page("orders", [], None) == {"orders": [], "next_cursor": None}
