"""Tables on moto made from a service's own template, so that keys, indexes and streams are written once."""

from functools import cache
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from samtranslator.yaml_helper import yaml_parse

from shopkit.aws import client
from shopkit.dynamodb import from_item

ROOT = Path(__file__).resolve().parents[2]
# What CreateTable takes under the same name as the template does; the rest (encryption, backups, protection) is no
# matter of these tests, and is where templates use intrinsic functions.
_SAME = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode")


def create_tables(service: str, template: Path | None = None) -> dict[str, str]:
    """Creates every table of `services/<service>/template.yaml`; answers their names by logical id.

    Call it inside `mock_aws`. A test then points the service to them: `monkeypatch.setenv("…_TABLE", names["Table"])`.
    """
    described = _tables_in(template or ROOT / "services" / service / "template.yaml")
    return {logical_id: _create(f"{service}-{logical_id}", properties) for logical_id, properties in described.items()}


@cache
def _tables_in(template: Path) -> dict[str, dict[str, Any]]:
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in yaml_parse(template.read_text())["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


def _create(name: str, properties: dict[str, Any]) -> str:
    request: dict[str, Any] = {key: properties[key] for key in _SAME if key in properties}
    if "StreamSpecification" in properties:
        request["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    client("dynamodb").create_table(TableName=name, **request)
    return name


def rows(table: str) -> list[dict[str, Any]]:
    """Every row of the table."""
    return [from_item(item.to_json()["Attributes"]) for item in _memory(table).all_items()]


def stream_records(table: str) -> list[dict[str, Any]]:
    """Everything the table's stream holds, in order, as Lambda would hand it to a stream's reader."""
    return [record.to_json() for record in _memory(table).stream_shard.items]


def _memory(table: str) -> Any:
    """What moto keeps of a table. Its answers to Scan and GetRecords take so long that a test could ask only rarely."""
    region = client("dynamodb").meta.region_name
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][region].get_table(table)
