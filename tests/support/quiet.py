"""Whether a shop has nothing left to do."""

from audit import run_audit
from tests.support.shop import RunningShop


def quiet(shop: RunningShop) -> bool:
    """Waits for quiet as the audit does. Returns False if something is still wrong or in progress after that."""
    return all(result.ok for result in run_audit(shop.stack))
