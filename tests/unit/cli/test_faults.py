"""Every command, those to come included, ends each fault of its surroundings with one line and an exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import httpx2
import pytest
import typer
from rich.console import RenderableType

from cli.app import app, main
from cli.commands.watch import EventPicture
from cli.output import Terminal
from cli.pictures import OrdersPicture
from contracts.envelope import EventData
from contracts.events import EVENTS
from deployed.front_door import Order
from deployed.stack import PROJECT
from deployed.watch import BusEvent
from tests.support.front_door import DETAILS, Door, Result, order, product

type Run = Callable[..., Result]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
# What a command cannot do without, by the name of its parameter.
_GIVEN = {
    "email": "one@example.com",
    "order_id": "ord_1",
    "decision": "approve",
    "name": "Order/TimelineDeadLetters",
    "letter_id": "letter",
    "model": "catalogue",
    "since": "1h",
    "experiment": "consumer-down",
}


def lines_of(group: typer.core.TyperGroup, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        line = (*before, name)
        if isinstance(command, typer.core.TyperGroup):
            yield from lines_of(command, line)
            continue
        for parameter in command.params:
            if parameter.required:
                assert parameter.name in _GIVEN, f"say what {' '.join(line)} is given as {parameter.name}"
                named = parameter.opts[:1] if isinstance(parameter, typer.core.TyperOption) else []
                line = (*line, *named, _GIVEN[parameter.name])
        yield line if name != "redrive" else (*line, "--all")


GROUP = typer.main.get_command(app)
assert isinstance(GROUP, typer.core.TyperGroup)
LINES = list(lines_of(GROUP))
every_command = pytest.mark.parametrize("line", LINES, ids=" ".join)
# `doctor` looks at the account before there is a stack, and the list of experiments is in files.
OF_A_STACK = [line for line in LINES if line not in {("doctor",), ("experiment", "ls")}]
every_command_of_a_stack = pytest.mark.parametrize("line", OF_A_STACK, ids=" ".join)


def written(stream: TextIO) -> str:
    """What reached a file in memory."""
    assert isinstance(stream, TextIOWrapper)
    assert isinstance(stream.buffer, BytesIO)
    return stream.buffer.getvalue().decode(stream.encoding)


def one_line(said: Result, code: int = 1) -> str:
    assert (said.code, said.out) == (code, "")
    assert said.err.count("\n") == 1, said.err
    return said.err


def damaged(text: bytes) -> Callable[[Path], Path]:
    def at(folder: Path) -> Path:
        (folder / "stack.json").write_bytes(text)
        return folder

    return at


def a_file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file"


def a_loop(folder: Path) -> Path:
    (folder / "stack.json").symlink_to("stack.json")
    return folder


def a_folder(folder: Path) -> Path:
    (folder / "stack.json").mkdir()
    return folder


HOMES = {
    "nothing": lambda folder: folder / "nothing",
    "a file": a_file,
    "a loop": a_loop,
    "a folder": a_folder,
    "too long": lambda folder: folder / ("x" * 300),
    "empty": damaged(b""),
    "null": damaged(b"null"),
    "a list": damaged(b"[]"),
    "no text": damaged(b"\xff\xfe{}"),
    "too deep": damaged(b"[" * 100_000),
    "an old one": damaged(b'{"api_url": "http://localhost:4566/api"}'),
    "wrong types": damaged(json.dumps(DETAILS | {"customers": 5}).encode()),
    "no addresses": damaged(json.dumps(DETAILS | {"endpoint_url": "nonsense", "api_url": "nonsense"}).encode()),
}


@every_command_of_a_stack
@pytest.mark.parametrize("kind", HOMES)
def test_a_home_that_is_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, line: tuple[str, ...], kind: str
) -> None:
    home = str(HOMES[kind](tmp_path))
    for extra in ((), ("--json",)):
        code = main(["--home", home, *line, *extra])
        said = capsys.readouterr()
        told = one_line(Result(code, said.out, said.err))
        assert "fault of the command line" not in told
        if extra:
            assert json.loads(told)["detail"]


@every_command
def test_a_closed_stdout_is_said_before_anything_is_done(
    run: Run, door: Door, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert "stdout is closed" in one_line(run(*line))
    assert json.loads(one_line(run(*line, "--json")))["detail"]
    assert door.requests == []


@every_command
def test_a_full_disk_and_a_gone_reader(monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...]) -> None:
    with TextIOWrapper(BytesIO()) as heard:
        monkeypatch.setattr(sys, "stderr", heard)
        monkeypatch.setattr(sys, "stdout", Path("/dev/full").open("w"))  # noqa: SIM115 - closed below
        assert main([*line, "--help"]) == 1
        sys.stdout.close()
        reader, writer = os.pipe()
        os.close(reader)
        monkeypatch.setattr(sys, "stdout", os.fdopen(writer, "w"))
        assert main([*line, "--help"]) == 141
        sys.stdout.close()
        heard.flush()
        assert written(heard) == "✗ No space left on device.\n"


@every_command_of_a_stack
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_a_terminal_that_knows_few_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...], encoding: str
) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, TextIOWrapper(BytesIO(), encoding=encoding))
    assert main(["--home", str(tmp_path), *line]) == 1
    assert "There is no local stack" in written(sys.stderr)
    assert main([*line, "--help"]) == 0


@pytest.fixture
def named(door: Door) -> Callable[[str], None]:
    def name(text: str) -> None:
        shelf = {"products": [product("MUG") | {"name": text}], "next_cursor": None}
        door.answers["GET /products"] = httpx2.Response(200, json=shelf)

    return name


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "\x07", "\x7f", "\u202edam", "\u2066", "\u2028", "a\x00b"])
def test_stored_text_cannot_command_the_terminal_and_json_keeps_it(
    run: Run, named: Callable[[str], None], text: str
) -> None:
    named(f"Mug {text} blue")
    told = run("products").out
    assert not set(told) & set(text) - set("[2Jdamab")
    document = run("products", "--json")
    assert document.json[0]["name"] == f"Mug {text} blue"
    assert not set(document.out) & set(text) - set("[2Jdamab")


def test_what_is_refused_cannot_command_the_terminal(run: Run, door: Door) -> None:
    door.answers["GET /products"] = httpx2.Response(400, json={"detail": "no \x1b]0;title\x07"})
    assert "\x1b" not in run("products").err
    assert "\x1b" not in run("show", "x\x1b[2J").err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_is_json_in_every_encoding(
    home: Path, named: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    named("Tasse é 茶 🫖")
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(BytesIO(), encoding=encoding))
    assert main(["--home", str(home), "products", "--json"]) == 0
    said: Any = json.loads(written(sys.stdout))
    assert said[0]["name"] == "Tasse é 茶 🫖"


def test_nothing_is_printed_past_the_one_way_out() -> None:
    """A command that printed by itself could print stored text raw, and fail without a line."""
    ways = ("print(", "typer.echo", "sys.stdout", "Console(")
    past = {
        f"{path.name}: {line.strip()}"
        for path in (PROJECT / "cli").rglob("*.py")
        if path.name not in {"output.py", "session.py"}
        for line in path.read_text().splitlines()
        if any(way in line.replace("console(stderr=True).print(", "") for way in ways)
    }
    assert past == set()


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("--help > /dev/full", 1, "✗ No space left on device.\n"),
        ("url >&-", 1, "✗ The output could not be written: stdout is closed.\n"),
        ("url 2>&-", 1, ""),
        ("--help | true", 141, ""),
    ],
)
def test_python_has_nothing_to_add_at_exit(home: Path, line: str, code: int, says: str) -> None:
    (home / "stack.json").unlink()
    shell = f'set -o pipefail; "$PYTHON" -P -m cli --home "$HOME_OF_IT" {line}'
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHON": sys.executable, "HOME_OF_IT": str(home)}
    done = subprocess.run(["bash", "-c", shell], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, says)


ID = "ord_" + 32 * "a"


def printed_at_80_columns(picture: RenderableType) -> str:
    console = Terminal(file=StringIO(), width=80, highlight=False)
    with console.capture() as captured:
        console.print(picture)
    return captured.get()


@pytest.mark.parametrize("reason", ["payment_insufficient_funds", "payment_capture_refused", "review_timed_out"])
def test_at_80_columns_no_order_breaks_within_a_word(reason: str) -> None:
    dear = {"amount": 123_456_789, "currency": "USD"}
    attention = {"reason": "settlement_failed", "since": "2026-01-01T12:00:00Z"}
    row = order(order_id=ID, status="AWAITING_REVIEW", reason=reason, total=dear, attention=attention)
    told = printed_at_80_columns(OrdersPicture([Order.model_validate(row)]))
    for words in (ID, "AWAITING_REVIEW", "$1,234,567.89", reason.replace("_", " "), "⚠ needs attention"):
        assert words in told


@pytest.mark.parametrize("event", EVENTS)
def test_at_80_columns_no_event_breaks_within_a_word(event: type[EventData]) -> None:
    passed = BusEvent(NOON, event.source, event.__name__, "id", ID, {"a": "word " * 30, "b": "pm_capture_fails"}, False)
    told = printed_at_80_columns(EventPicture(passed))
    assert max(map(len, told.splitlines())) <= 80
    assert set(told.split()) >= {ID, event.__name__, "pm_capture_fails"}
    assert set(told.split()) <= {ID, event.__name__, "pm_capture_fails", "word", ",", *told.split()[:2]}


def test_one_event_is_one_line_in_a_pipe_whatever_it_says() -> None:
    forged = {"name": "Mug\n12:00:00  payment  PaymentCaptured"}
    passed = BusEvent(NOON, "shop.order", "OrderPlaced", "id", ID, forged, False)
    console = Terminal(file=StringIO(), width=160)
    with console.capture() as captured:
        console.print(EventPicture(passed), soft_wrap=True)
    assert captured.get().count("\n") == 1


@every_command
def test_a_flag_takes_no_value_in_the_help(run: Run, line: tuple[str, ...]) -> None:
    assert "bool" not in run(*line, "--help").out
