"""Whatever is sent to the front door: no 5xx, and every answer is one that api/openapi.yaml promises."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis import checks

from tests.support.shop import Order, Person, RunningShop

pytestmark = pytest.mark.e2e

DOCUMENT = Path(__file__).parent.parent.parent / "api" / "openapi.yaml"
EXAMPLES = 25  # of each operation, as each person
PROMISES = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def without_extensions(node: Any) -> Any:
    """The document without what only API Gateway and CloudFormation read."""
    if isinstance(node, dict):
        return {name: without_extensions(value) for name, value in node.items() if not name.startswith("x-amazon-")}
    return [without_extensions(value) for value in node] if isinstance(node, list) else node


schema = schemathesis.openapi.from_dict(without_extensions(yaml.safe_load(DOCUMENT.read_text())))


@pytest.fixture(scope="module", params=["operator", "customer", "stranger"])
def person(request: pytest.FixtureRequest, shop: RunningShop) -> Person:
    found: Person = getattr(shop, request.param)
    return found


@pytest.fixture(scope="module")
def order(shop: RunningShop) -> Order:
    placed = shop.customer.orders(shop.sells(stock=1))
    placed.becomes("CONFIRMED")
    return placed


turns = count()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_promises(
    case: schemathesis.Case[Any], shop: RunningShop, person: Person, order: Order
) -> None:
    if "order_id" in case.path_parameters and next(turns) % 2:
        case.path_parameters["order_id"] = order.id  # invented ones lead nowhere
    headers = {"Authorization": person.token} if person.token else {}
    case.call_and_validate(base_url=shop.url, headers=headers, checks=PROMISES, timeout=60)
