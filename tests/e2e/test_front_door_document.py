"""Whatever is sent to the front door: no 5xx, and every answer is one that api/openapi.yaml promises."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis import checks

from tests.support.shop import Shop

pytestmark = pytest.mark.e2e

DOCUMENT = Path(__file__).parent.parent.parent / "api" / "openapi.yaml"
EXAMPLES = 25
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


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_promises(case: schemathesis.Case[Any], shop: Shop) -> None:
    case.call_and_validate(
        base_url=shop.url, headers={"Authorization": shop.operator.token or ""}, checks=PROMISES, timeout=60
    )
