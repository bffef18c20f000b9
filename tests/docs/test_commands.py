"""Every command that a page names exists, and takes what the page gives it. Those of the README are run besides."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from samtranslator.yaml_helper import yaml_parse

from cli.app import app

ROOT = Path(__file__).resolve().parents[2]
# In a line of a code block or in `…`; a comment may follow after two blanks.
_COMMAND = re.compile(r"(?:^|`|\$\()((?:\./shop|make|sam deploy)(?: [^`\n)]*?)?)(?=`|\)|$|  )", re.MULTILINE)


def pages() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.splitlines()]


def commands(program: str) -> Iterator[tuple[str, list[str]]]:
    """Where it is named, and its words; what is left out with … may be anything."""
    for page in pages():
        for line in _COMMAND.findall(page.read_text()):
            words = [word for word in shlex.split(line.partition(" && ")[0]) if "…" not in word or "=" in word]
            if words[0] == program:
                yield f"{page.relative_to(ROOT)}: {line}", words[1:]


def fits(words: list[str]) -> None:
    """Parses them as `shop` does, without doing it. Raises typer.TyperException."""
    command = typer.main.get_command(app)
    context = command.make_context("shop", words.copy(), resilient_parsing=not words)
    rest = [*getattr(context, "_protected_args", []), *context.args]
    while rest and isinstance(command, typer.core.TyperGroup):
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, found.make_context(name, rest, parent=context)
        rest = [*getattr(context, "_protected_args", []), *context.args]


def test_shops_commands_are_taken_as_they_are_written() -> None:
    named = [(where, words) for where, words in commands("./shop") if words and words != ["--help"]]
    assert len(named) > 50
    for where, words in named:
        if words[-2:-1] == ["--stack"]:
            continue  # the beginning of any command
        try:
            fits(words)
        except typer.TyperException as error:
            pytest.fail(f"{where}: {error.format_message()}")


@pytest.mark.parametrize("words", [["nosuch"], ["order", "--nosuch"], ["cancel"], ["dlq", "show", "a", "b", "c"]])
def test_what_shop_would_refuse_is_found(words: list[str]) -> None:
    with pytest.raises(typer.TyperException):
        fits(words)


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word: where for where, words in commands("make") for word in words if "=" not in word}
    assert {"run", "test", "lock"} <= named.keys()
    assert named.keys() <= targets, {where for word, where in named.items() if word not in targets}


def test_parameters_of_deployments_exist() -> None:
    known = set(yaml_parse((ROOT / "template.yaml").read_text())["Parameters"])
    named = {word.partition("=")[0]: where for where, words in commands("sam") for word in words if "=" in word}
    assert {"CheckoutType", "Kafka"} <= named.keys()
    assert named.keys() <= known, {where for word, where in named.items() if word not in known}
