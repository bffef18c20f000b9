"""Value types shared by events, stores and the front door."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with exactly six fractional digits, so that text order is time order."""
    # Not strftime, whose years before 1000 have fewer than four digits.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(lambda moment: moment.astimezone(UTC)),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]


SKU = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
Sku = Annotated[str, StringConstraints(pattern=SKU)]


class Value(BaseModel):
    """An immutable value. Unknown fields are ignored: a consumer survives what a producer adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Strict(BaseModel):
    """Input from outside: unknown fields, and numbers or strings of another JSON type, are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


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
