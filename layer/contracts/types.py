"""Value types shared by events, stores and the API."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints


def rfc3339(moment: datetime) -> str:
    """Returns RFC 3339 text in UTC. It always has six fractional digits, so that sorting the texts sorts the times."""
    # strftime would write years before 1000 with fewer than four digits.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def in_utc(moment: datetime) -> datetime:
    """Returns the same moment in UTC. Raises ValueError if that is before the year 1 or after the year 9999."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the years 1 to 9999 in UTC") from error


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(in_utc),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]


# Unicode general categories of visible characters: letters, numbers, punctuation, symbols.
_SHOWN = frozenset("LNPS")
# Characters of these categories that are displayed as blanks: the fillers of Hangul, and the blank of Braille.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def _printable(text: str) -> str:
    # C0, DEL and C1 could control the terminal in which the text is displayed (CWE-150).
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("should not contain control characters, including line breaks and tabs")
    # API Gateway replaces bytes that are not valid UTF-8 with this character.
    if "\ufffd" in text:
        raise ValueError("should not contain U+FFFD, which replaces bytes that are not valid UTF-8")
    return text


def _visible(text: str) -> str:
    if text and not any(unicodedata.category(character)[0] in _SHOWN and character not in _BLANK for character in text):
        raise ValueError("should have at least one visible character")
    return _printable(text)


# Text in a request is a single line (PRINTABLE). Required text also has a visible character, unless it is empty
# (VISIBLE). Every text field of a request uses one of these or a pattern.
PRINTABLE = AfterValidator(_printable)
VISIBLE = AfterValidator(_visible)

SKU = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
Sku = Annotated[str, StringConstraints(pattern=SKU)]


class _Model(BaseModel):
    """Errors do not contain the invalid input: it may be an address, and errors are logged and stored."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Value(_Model):
    """An immutable value. Unknown fields are ignored, so that producers may add fields."""

    model_config = ConfigDict(extra="ignore")


class Strict(_Model):
    """Input from a client. Unknown fields are errors, and so are values of another JSON type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Money(Value):
    """An amount in integer minor units (cents for USD), never a float."""

    amount: int
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(amount=self.amount * quantity, currency=self.currency)


class Goods(Value):
    """A quantity of one sku."""

    sku: str
    quantity: Annotated[int, Field(ge=1)]


class OrderLine(Goods):
    """A quantity of one sku, with the product's name and price when the order was placed."""

    name: str
    unit_price: Money
