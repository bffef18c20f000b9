"""What the front door takes for JSON (scenarios 26, 27 and 31), apart from any model."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shopkit.api import strict_json
from shopkit.problems import Problem


def refusal(raw: bytes) -> str:
    with pytest.raises(Problem) as refused:
        strict_json(raw)
    assert refused.value.status == 400
    assert refused.value.slug == "malformed-json"
    return refused.value.detail


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": [1, -2.5, true, null, "x"]}', {"a": [1, -2.5, True, None, "x"]}),
        (b"9223372036854775808", 2**63),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"é e\u0301 مرحبا 😀"'.encode(), "é e\u0301 مرحبا 😀"),
        (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)
def test_json_is_read_as_it_is(raw: bytes, value: Any) -> None:
    assert strict_json(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} {"b": 2}',
        b'"tab\tinside"',
        b"\xff\xfe{}",
        "\ufeff{}".encode(),
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_scenario_27_what_is_no_json_is_refused(raw: bytes) -> None:
    refusal(raw)


@pytest.mark.parametrize("raw", [b'{"a": 1, "a": 1}', b'[{"b": {"a": 1, "\\u0061": 2}}]'])
def test_scenario_27_a_name_that_appears_twice_is_refused(raw: bytes) -> None:
    assert "twice" in refusal(raw)


@pytest.mark.parametrize(
    "raw", [b"[" * 60_000, b"[" * 30_000 + b"]" * 30_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000]
)
def test_scenario_27_deep_nesting_is_refused(raw: bytes) -> None:
    refusal(raw)


@pytest.mark.parametrize("raw", [b"NaN", b"[Infinity]", b'{"a": -Infinity}', b"1" * 5_000])
def test_scenario_26_numbers_that_json_does_not_have_are_refused(raw: bytes) -> None:
    assert "sys." not in refusal(raw)  # nor in words that only whoever runs the function could follow


@pytest.mark.parametrize(
    "raw", [b'"\\ud800"', b'{"\\udfff": 1}', b'["ok", {"a": "\\ude00\\ud83d"}]', b'"a\\u0000b"', b'{"\\u0000": 1}']
)
def test_scenario_31_text_that_cannot_be_stored_is_refused(raw: bytes) -> None:
    refusal(raw)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0")), inner)
    ),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_every_clean_document_passes_unchanged(document: Any, escaped: bool) -> None:
    assert strict_json(json.dumps(document, ensure_ascii=escaped).encode()) == document


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'{"a":1e400}')
def test_no_bytes_raise_anything_but_a_refusal(raw: bytes) -> None:
    try:
        document = strict_json(raw)
    except Problem as problem:
        status = int(problem.status)
    else:
        status = 200
        json.dumps(document, ensure_ascii=False).encode()
    assert status in {200, 400}
