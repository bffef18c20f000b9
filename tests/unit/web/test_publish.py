"""The storefront's files in their bucket: what each deployment leaves there, and what CloudFormation is told."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from publish import resource
from publish.site import site
from shopkit import custom_resource

BUCKET = "pages"
CONFIG = {"api": "/v1"}
PROPERTIES = {
    "Bucket": BUCKET,
    "UserPoolClientId": "client",
    "Environment": "sandbox",
    "Breaks": "true",
    "Version": "arn:1",
}
LONG = 300_000


class Context:
    def __init__(self, *left: int) -> None:
        self.left = list(left or (LONG,))

    def get_remaining_time_in_millis(self) -> int:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "assets" / "pages").mkdir(parents=True)
    (tmp_path / "images").mkdir()
    (tmp_path / "index.html").write_text('<script type="module" src="assets/app.js"></script> not our assets/')
    (tmp_path / "assets" / "app.js").write_text("import './pages/cart.js';")
    (tmp_path / "assets" / "pages" / "cart.js").write_text("export {};")
    (tmp_path / "assets" / "lit.LICENSE").write_text("BSD-3-Clause")
    (tmp_path / "images" / "MUG.svg").write_text("<svg/>")
    monkeypatch.setattr(resource, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def deploy(folder: Path, s3: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Ask as CloudFormation does; its answer."""
    answers: list[dict[str, Any]] = []

    class Delivered:
        def __init__(self, request: Any, timeout: float) -> None:
            answers.append(json.loads(request.data))

        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(custom_resource, "urlopen", Delivered)

    def ask(kind: str = "Update", context: Context | None = None, **changes: Any) -> dict[str, Any]:
        event = {
            "RequestType": kind,
            "ResponseURL": "https://cloudformation.example/",
            "StackId": "arn:aws:cloudformation:us-east-1:1:stack/shop-Web/guid",
            "RequestId": "request",
            "LogicalResourceId": "Files",
            "ResourceProperties": PROPERTIES,
        }
        if kind != "Create":
            event["PhysicalResourceId"] = "Files-guid"
        resource.handler(event | changes, context or Context())
        return answers.pop()

    return ask


def keys(s3: Any) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def tree(s3: Any) -> str:
    text: str = s3.get_object(Bucket=BUCKET, Key="index.html")["Body"].read().decode()
    return text.partition('src="')[2].partition("app.js")[0]


def test_every_file_is_served_as_what_it_is_and_kept_as_long_as_it_may(s3: Any, deploy: Callable[..., Any]) -> None:
    assert deploy("Create")["Status"] == "SUCCESS"
    served = {}
    for key in keys(s3):
        head = s3.head_object(Bucket=BUCKET, Key=key)
        served[key.replace(tree(s3), "TREE/")] = head["ContentType"], head["CacheControl"]
    forever = "public, max-age=31536000, immutable"
    assert served == {
        "TREE/app.js": ("text/javascript; charset=utf-8", forever),
        "TREE/pages/cart.js": ("text/javascript; charset=utf-8", forever),
        "TREE/lit.LICENSE": ("text/plain; charset=utf-8", forever),
        "images/MUG.svg": ("image/svg+xml; charset=utf-8", "public, max-age=3600"),
        "config.json": ("application/json; charset=utf-8", "no-cache"),
        "index.html": ("text/html; charset=utf-8", "no-cache"),
    }


def test_pages_are_told_where_they_are(s3: Any, deploy: Callable[..., Any]) -> None:
    answer = deploy("Create")
    config = json.loads(s3.get_object(Bucket=BUCKET, Key="config.json")["Body"].read())
    assert config == {
        "api": "/v1",
        "cognito": {"endpoint": "https://cognito-idp.us-east-1.amazonaws.com/", "client_id": "client"},
        "environment": "sandbox",
        "breaks": True,
    }
    assert answer["Data"] == {"CognitoOrigin": "https://cognito-idp.us-east-1.amazonaws.com"}


def test_assets_are_named_by_all_that_is_in_them(folder: Path) -> None:
    """A module that changes would otherwise be imported from a copy that is kept for ever."""
    before = site(folder, CONFIG).tree
    assert site(folder, {"api": "/v2"}).tree == before
    (folder / "assets" / "pages" / "cart.js").write_text("export { };")
    after = site(folder, CONFIG).tree
    (folder / "assets" / "pages" / "cart.js").rename(folder / "assets" / "pages" / "basket.js")
    assert len({before, after, site(folder, CONFIG).tree}) == 3


def test_what_refers_to_others_comes_after_them(folder: Path) -> None:
    assert [file.key for file in site(folder, CONFIG).files][-2:] == ["config.json", "index.html"]


def test_only_references_move(s3: Any, deploy: Callable[..., Any]) -> None:
    deploy("Create")
    text = s3.get_object(Bucket=BUCKET, Key="index.html")["Body"].read().decode()
    assert text == f'<script type="module" src="{tree(s3)}app.js"></script> not our assets/'


def test_open_pages_of_the_deployment_before_still_find_their_modules(
    folder: Path, s3: Any, deploy: Callable[..., Any]
) -> None:
    trees = []
    for number in range(3):
        (folder / "assets" / "app.js").write_text(f"export const n = {number};")
        assert deploy()["Status"] == "SUCCESS"
        trees.append(tree(s3))
        assert deploy()["Status"] == "SUCCESS"  # the same again, as when Lambda repeats it
    held = keys(s3)
    assert [any(key.startswith(it) for key in held) for it in trees] == [False, True, True]


def test_what_the_site_no_longer_has_goes(folder: Path, s3: Any, deploy: Callable[..., Any]) -> None:
    deploy("Create")
    (folder / "images" / "MUG.svg").unlink()
    deploy()
    assert "images/MUG.svg" not in keys(s3)


def test_a_deleted_stack_leaves_an_empty_bucket(s3: Any, deploy: Callable[..., Any]) -> None:
    deploy("Create")
    for number in range(1100):  # more than S3 lists or deletes at once
        s3.put_object(Bucket=BUCKET, Key=f"assets/old/{number}", Body=b"")
    answer = deploy("Delete")
    assert (answer["Status"], answer["PhysicalResourceId"], keys(s3)) == ("SUCCESS", "Files-guid", [])
    s3.delete_bucket(Bucket=BUCKET)
    assert deploy("Delete")["Status"] == "SUCCESS"


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_cloudformation_hears_of_every_failure(kind: str, deploy: Callable[..., Any]) -> None:
    """It waits for an hour otherwise."""
    for changes in ({"ResourceProperties": {}}, {"ResourceProperties": PROPERTIES | {"Bucket": "not-ours"}}):
        answer = deploy(kind, **changes)
        gone = kind == "Delete" and "Bucket" in changes["ResourceProperties"]
        assert answer["Status"] == ("SUCCESS" if gone else "FAILED")
        assert gone or answer["Reason"]
    late = deploy(kind, Context(LONG, 1000))
    assert (late["Status"], "longer" in late["Reason"]) == ("FAILED", True)


def test_a_failure_before_the_end_leaves_the_pages_that_there_were(
    folder: Path, s3: Any, deploy: Callable[..., Any]
) -> None:
    deploy("Create")
    before = tree(s3)
    (folder / "assets" / "app.js").write_text("export const later = 1;")
    assert deploy("Update", Context(LONG, LONG, LONG, 1000))["Status"] == "FAILED"
    assert tree(s3) == before
    assert f"{before}app.js" in keys(s3)
