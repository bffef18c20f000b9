"""Value types shared by events, stores and the front door."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with exactly six fractional digits, so that text order is time order."""
    # Not strftime, whose years before 1000 have fewer than four digits.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError where that is before the year 1 or after the year 9999."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the years 1 to 9999 in UTC") from error


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(in_utc),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]


# Letters, digits, punctuation, symbols (Unicode general categories): what shows by itself, …
_SHOWN = frozenset("LNPS")
# … but for the fillers of Hangul and the blank of Braille, which are letters and a symbol that show nothing.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def _printable(text: str) -> str:
    # C0, DEL and C1 can rewrite the terminal of whoever reads the text (CWE-150).
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("should have no control characters, line breaks and tabs included")
    # API Gateway has put it where it met bytes that are no UTF-8.
    if "\ufffd" in text:
        raise ValueError("should have no U+FFFD, which stands for bytes that are not UTF-8")
    return text


def _visible(text: str) -> str:
    if text and not any(unicodedata.category(character)[0] in _SHOWN and character not in _BLANK for character in text):
        raise ValueError("should have at least one visible character")
    return _printable(text)


# What a person types is one line of text, and a required one, unless it is empty, shows something. Every text in a
# request is held to one of these, or to a pattern.
PRINTABLE = AfterValidator(_printable)
VISIBLE = AfterValidator(_visible)

SKU = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
Sku = Annotated[str, StringConstraints(pattern=SKU)]


class _Model(BaseModel):
    """Errors do not quote what was refused: it may be an address, and errors are logged and set aside."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Value(_Model):
    """An immutable value. Unknown fields are ignored: a consumer survives what a producer adds."""

    model_config = ConfigDict(extra="ignore")


class Strict(_Model):
    """Input from outside: unknown fields, and numbers or strings of another JSON type, are errors."""

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
    """So many units of one sku."""

    sku: str
    quantity: Annotated[int, Field(ge=1)]


class OrderLine(Goods):
    """Goods at the catalogue's name and price when the order was placed."""

    name: str
    unit_price: Money
