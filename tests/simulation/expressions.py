"""DynamoDB's condition, key and update expressions: the part of the language that the services use, and nothing else.

Anything else raises NotModelled, which no handler can catch, so that no test passes by accident.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

type Attribute = Mapping[str, Any]
"""A typed value as the API writes it: `{"S": "text"}`, `{"N": "1"}`."""
type Item = Mapping[str, Attribute]
type Names = Mapping[str, str]
type Values = Mapping[str, Attribute]
type Test = Callable[[Item, Names, Values], bool]

_TOKEN = re.compile(r"\s*(<=|>=|[=<>(),]|[A-Za-z0-9_#:]+)")
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class NotModelled(BaseException):
    """The services use an AWS feature that this double does not have yet. Add it, with a differential test."""


def holds(expression: str | None, item: Item | None, names: Names, values: Values) -> bool:
    """Whether the item (None if there is none) meets the condition."""
    return expression is None or _parsed(expression)(item or {}, names, values)


def updated(expression: str, item: Item, names: Names, values: Values) -> dict[str, Attribute]:
    """Returns the item after `SET a = :a, … ADD b :b, …`."""
    after = dict(item)
    for clause, actions in re.findall(r"(SET|ADD)\s+(.*?)(?=\s+(?:SET|ADD)\s|$)", _all_of(expression)):
        for action in actions.split(","):
            name, value = _action(clause, action, names, values)
            after[name] = _sum(after.get(name), value) if clause == "ADD" else value
    return after


def comparable(value: Attribute) -> tuple[str, Any]:
    """Returns type and value. Values of one type compare as in DynamoDB (text by its UTF-8 bytes)."""
    ((kind, raw),) = value.items()
    match kind:
        case "N":
            return kind, Decimal(raw)
        case "S":
            return kind, raw.encode()
        case "BOOL" | "NULL":
            return kind, raw
    raise NotModelled(f"comparing a value of type {kind}")


def _all_of(expression: str) -> str:
    if not re.fullmatch(r"\s*(?:(?:SET|ADD)\s+[^()+]+?\s*)+", expression):
        raise NotModelled(f"update expression: {expression}")
    return expression.strip()


def _action(clause: str, action: str, names: Names, values: Values) -> tuple[str, Attribute]:
    pattern = r"\s*([#\w]+)\s*=\s*(:\w+)\s*" if clause == "SET" else r"\s*([#\w]+)\s+(:\w+)\s*"
    found = re.fullmatch(pattern, action)
    if not found:
        raise NotModelled(f"{clause} {action}")
    return _name(found[1], names), values[found[2]]


def _sum(before: Attribute | None, by: Attribute) -> Attribute:
    if "N" not in by or (before is not None and "N" not in before):
        raise NotModelled(f"ADD {by} to {before}")
    return {"N": str(Decimal(before["N"] if before else 0) + Decimal(by["N"]))}


def _name(token: str, names: Names) -> str:
    return names[token] if token.startswith("#") else token


@cache
def _parsed(expression: str) -> Test:
    parser = _Parser(expression)
    test = parser.either()
    if parser.tokens:
        raise NotModelled(f"condition: {expression}")
    return test


class _Parser:
    """A recursive descent parser. OR has the lowest precedence, then AND, then NOT."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens = _TOKEN.findall(expression)
        if "".join(self.tokens) != re.sub(r"\s", "", expression):
            raise NotModelled(f"condition: {expression}")

    def either(self) -> Test:
        left = self.both()
        while self._next("OR"):
            left = _or(left, self.both())
        return left

    def both(self) -> Test:
        left = self.one()
        while self._next("AND"):
            left = _and(left, self.one())
        return left

    def one(self) -> Test:
        if self._next("NOT"):
            inner = self.one()
            return lambda item, names, values: not inner(item, names, values)
        if self._next("("):
            inner = self.either()
            self._expect(")")
            return inner
        word = self._take()
        if word in {"attribute_exists", "attribute_not_exists"}:
            self._expect("(")
            path = self._take()
            self._expect(")")
            return _existence(path, wanted=word == "attribute_exists")
        if self._next("BETWEEN"):
            low = _comparison(word, ">=", self._take())
            self._expect("AND")
            return _and(low, _comparison(word, "<=", self._take()))
        return _comparison(word, self._take(), self._take())

    def _next(self, word: str) -> bool:
        if self.tokens and self.tokens[0].upper() == word:
            self.tokens.pop(0)
            return True
        return False

    def _take(self) -> str:
        if not self.tokens:
            raise NotModelled(f"condition: {self.expression}")
        token: str = self.tokens.pop(0)
        return token

    def _expect(self, word: str) -> None:
        if self._take() != word:
            raise NotModelled(f"condition: {self.expression}")


def _or(left: Test, right: Test) -> Test:
    return lambda item, names, values: left(item, names, values) or right(item, names, values)


def _and(left: Test, right: Test) -> Test:
    return lambda item, names, values: left(item, names, values) and right(item, names, values)


def _existence(path: str, *, wanted: bool) -> Test:
    return lambda item, names, _values: (_name(path, names) in item) is wanted


def _comparison(path: str, operator: str, operand: str) -> Test:
    if path.startswith(":") or not operand.startswith(":") or operator not in {"=", *_ORDERED}:
        raise NotModelled(f"comparison: {path} {operator} {operand}")

    def test(item: Item, names: Names, values: Values) -> bool:
        present = item.get(_name(path, names))
        if present is None:
            return False
        (left_kind, left), (right_kind, right) = comparable(present), comparable(values[operand])
        if left_kind != right_kind:
            return False
        return bool(left == right if operator == "=" else _ORDERED[operator](left, right))

    return test
