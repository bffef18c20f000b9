"""Formats numbers and amounts as text."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 order`, `2,000 orders`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def dollars(cents: int) -> str:
    return f"${cents / 100:,.2f}"
