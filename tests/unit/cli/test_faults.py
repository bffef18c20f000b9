"""Every command, those to come included, ends each fault of its surroundings with one line and an exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from cli.app import app, main
from cli.context import PROJECT
from tests.support.front_door import DETAILS, Door, Said, product

type Run = Callable[..., Said]

# What a command cannot do without, by the name of its parameter.
_GIVEN = {
    "email": "one@example.com",
    "order_id": "ord_1",
    "decision": "approve",
    "name": "Order/TimelineDeadLetters",
    "letter_id": "letter",
    "model": "catalogue",
    "since": "1h",
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


def one_line(said: Said, code: int = 1) -> str:
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


@every_command
@pytest.mark.parametrize("kind", HOMES)
def test_a_home_that_is_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, line: tuple[str, ...], kind: str
) -> None:
    home = str(HOMES[kind](tmp_path))
    for extra in ((), ("--json",)):
        code = main(["--home", home, *line, *extra])
        said = capsys.readouterr()
        told = one_line(Said(code, said.out, said.err))
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
    assert door.asked == []


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
        assert heard.buffer.getvalue().decode() == "✗ No space left on device.\n"  # type: ignore[attr-defined]


@every_command
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_a_terminal_that_knows_few_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...], encoding: str
) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, TextIOWrapper(BytesIO(), encoding=encoding))
    assert main(["--home", str(tmp_path), *line]) == 1
    said = sys.stderr.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "There is no local stack" in said
    assert main([*line, "--help"]) == 0


@pytest.fixture
def named(door: Door) -> Callable[[str], None]:
    def name(text: str) -> None:
        shelf = {"products": [product("MUG") | {"name": text}], "next_cursor": None}
        door.answers["GET /products"] = httpx.Response(200, json=shelf)

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
    door.answers["GET /products"] = httpx.Response(400, json={"detail": "no \x1b]0;title\x07"})
    assert "\x1b" not in run("products").err
    assert "\x1b" not in run("show", "x\x1b[2J").err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_is_json_in_every_encoding(
    home: Path, named: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    named("Tasse é 茶 🫖")
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(BytesIO(), encoding=encoding))
    assert main(["--home", str(home), "products", "--json"]) == 0
    said: Any = json.loads(sys.stdout.buffer.getvalue().decode(encoding))  # type: ignore[attr-defined]
    assert said[0]["name"] == "Tasse é 茶 🫖"


def test_nothing_is_printed_past_the_one_way_out() -> None:
    """A command that printed by itself could print stored text raw, and fail without a line."""
    ways = ("print(", "typer.echo", "sys.stdout", "Console(")
    past = {
        f"{path.name}: {line.strip()}"
        for path in (PROJECT / "cli").rglob("*.py")
        if path.name not in {"output.py", "shop.py"}
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
