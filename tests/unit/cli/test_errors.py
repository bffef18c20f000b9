"""Whatever goes wrong, a person reads one clear line, a script gets JSON, and both get the right exit code."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE

import httpx2
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from cli import session
from deployed.stack import PROJECT
from tests.support.front_door import Door, Result, product

type Run = Callable[..., Result]

PROBLEM = httpx2.Response(
    400,
    headers={"content-type": "application/problem+json"},
    json={
        "title": "Invalid body",
        "status": 400,
        "detail": "The request body is invalid.",
        "errors": [{"pointer": "/lines/0/quantity", "detail": "at most 99"}, {"pointer": "", "detail": "too much"}],
    },
)


def one_line(said: Result, code: int) -> str:
    assert said.code == code
    assert said.out == ""
    assert "Traceback" not in said.err
    assert said.err.count("\n") == 1
    return said.err


def test_a_refusal_shows_the_problem_and_where_it_is(run: Run, door: Door) -> None:
    door.answers["POST /orders"] = PROBLEM
    said = run("order", "MUG:100")
    assert said.code == 1
    assert said.err.splitlines() == [
        "✗ The request body is invalid. (400)",
        "  /lines/0/quantity: at most 99",
        "  /: too much",
    ]


def test_a_refusal_for_machines_is_the_problem_itself(run: Run, door: Door) -> None:
    door.answers["POST /orders"] = PROBLEM
    said = run("order", "MUG:100", "--json")
    assert (said.code, said.out) == (1, "")
    assert json.loads(said.err)["errors"][0]["pointer"] == "/lines/0/quantity"


def test_what_api_gateway_itself_refuses_is_said_too(run: Run, door: Door) -> None:
    door.answers["GET /products"] = httpx2.Response(403, json={"message": "Forbidden"})
    assert one_line(run("products"), 1) == "✗ Forbidden (403)\n"


def test_an_answer_that_is_no_json_is_a_refusal_like_others(run: Run, door: Door) -> None:
    door.answers["GET /products"] = httpx2.Response(502, text="<html>")
    assert one_line(run("products"), 1) == "✗ Bad Gateway (502)\n"


def test_when_nothing_answers_it_says_how_to_start_it(run: Run, door: Door) -> None:
    door.answers["GET /products"] = httpx2.ConnectError("refused")
    assert "make run" in one_line(run("products"), 1)


def test_when_the_answer_is_late_it_says_so(run: Run, door: Door) -> None:
    door.answers["GET /products"] = httpx2.ReadTimeout("")
    assert "ReadTimeout" in one_line(run("products"), 1)


def test_without_a_local_stack_it_says_both_ways_on(run: Run, home: Path) -> None:
    (home / "stack.json").unlink()
    line = one_line(run("products"), 1)
    assert "make run" in line
    assert "--stack" in line


def test_a_damaged_stack_file_is_no_traceback(run: Run, home: Path) -> None:
    (home / "stack.json").write_text('{"api_url": ')
    assert "damaged" in one_line(run("products"), 1)


@pytest.mark.parametrize(
    "line",
    [
        ("nope",),
        ("products", "--nope"),
        ("order", "MUG:x"),
        ("order", "MUG:0"),
        ("order", ":1"),
        ("orders", "--limit", "0"),
        ("show", ""),
        ("story", "a\nb"),
        ("cancel", "ord_1/timeline"),
        ("settle", "../products"),
        ("review", "", "approve"),
        ("mail", ""),
        ("watch", "--order", ""),
        ("dlq", "redrive", "--all", "--order", ""),
    ],
)
def test_a_wrong_call_is_exit_code_2(run: Run, door: Door, line: tuple[str, ...]) -> None:
    one_line(run(*line), 2)
    assert door.requests == []


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (EndpointConnectionError(endpoint_url="http://localhost:4566"), "make run"),
        (NoCredentialsError(), "--profile"),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "Scan"), "AWS refused Scan: No."),
    ],
)
def test_what_aws_says_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str) -> None:
    def refuse(*_: object) -> str:
        raise error

    monkeypatch.setattr(session, "sign_in", refuse)
    assert says in one_line(run("orders"), 1)


def test_bytes_that_are_no_text_are_a_wrong_call(run: Run, door: Door) -> None:
    one_line(run("order", "\udcff"), 2)  # as Python hands over what is no UTF-8
    assert door.requests == []


@pytest.fixture
def foreground() -> Iterator[None]:
    """A shell starts what runs in its background deaf to Ctrl-C, and so would be what the tests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("foreground")
def test_ctrl_c_ends_it_without_a_traceback_even_before_it_has_begun(tmp_path: Path) -> None:
    # One of the modules that the command line imports first takes its time.
    (tmp_path / "boto3.py").write_text("print('importing', flush=True)\nimport time\ntime.sleep(60)")
    path = f"{tmp_path}{os.pathsep}{PROJECT}"
    line = [sys.executable, "-P", "-m", "cli", "products"]
    with subprocess.Popen(line, env={"PYTHONPATH": path}, stdout=PIPE, stderr=PIPE, text=True) as shop_:
        assert shop_.stdout
        assert shop_.stdout.readline() == "importing\n"
        shop_.send_signal(signal.SIGINT)
        _out, said = shop_.communicate(timeout=30)
    assert shop_.returncode == -signal.SIGINT
    assert said == ""


def test_help_is_as_wide_as_its_terminal_and_no_narrower(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A docstring's lines are the source's, not the reader's."""
    monkeypatch.setenv("TERMINAL_WIDTH", "79")
    told = run("replay", "--help").out
    assert "or moved again, and checkouts of decided orders change nothing. Rules that" in told


def test_json_is_understood_anywhere_on_the_line(run: Run, door: Door) -> None:
    door.answers["GET /products"] = httpx2.Response(200, json={"products": [product("MUG")], "next_cursor": None})
    assert run("products", "--json").json == run("--json", "products").json
