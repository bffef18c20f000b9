"""List prices."""

from pathlib import Path

from contracts.types import Value

PRICES = Path(__file__).parent.parent / "data" / "prices.json"


class Prices(Value):
    """US dollars per unit, without discounts and free tiers."""

    as_of: str
    region: str
    source: str
    usd: dict[str, float]


def list_prices() -> Prices:
    return Prices.model_validate_json(PRICES.read_text())
