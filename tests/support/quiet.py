"""Whether a shop has nothing left to do."""

from audit import run_audit
from tests.support.shop import RunningShop


def quiet(shop: RunningShop) -> bool:
    """Waits for quiet as the audit does. False when something is still wrong or on its way after that."""
    return all(result.ok for result in run_audit(shop.stack))
