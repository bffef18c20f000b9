"""Expands SAM templates as CloudFormation does, without an account: `expand`, `python -m tools.expand --lint`.

Many problems in real accounts come from what the SAM transform adds (roles, event source mappings, permissions). So the
template tests and cfn-lint both check the expansion, never the shorthand.
"""

import argparse
import json
import logging
import subprocess
import sys
from functools import cache
from os.path import normpath
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
EXPANDED = ROOT / ".local" / "expanded"
# `sam deploy` replaces local paths by S3 addresses before AWS transforms the template. The expansion does the same, and
# keeps each nested template's path in its address, so that a parent still leads to its child.
ARTIFACTS = "https://artifacts.s3.amazonaws.com/"

type Template = dict[str, Any]


def templates(root: Path = ROOT) -> list[Path]:
    """Returns every template of the application, the root one first, as paths relative to `root`."""
    found = [
        *root.glob("template.yaml"),
        *root.glob("*/template.yaml"),
        *root.glob("services/*/template.yaml"),
        *root.glob("services/*/msk.yaml"),
        *root.glob("*/operations.yaml"),
        *root.glob("services/*/operations.yaml"),
    ]
    return sorted((path.relative_to(root) for path in found), key=lambda path: (len(path.parts), path))


@cache
def expand(template: Path, root: Path = ROOT) -> Template:
    """Returns the template at `root / template` after the SAM transform, with its parameters at their defaults."""
    try:
        return expand_text((root / template).read_text(), root / template.parent, root)
    except InvalidDocumentException as error:
        error.add_note("\n".join([f"in {template}:", *(cause.message for cause in error.causes)]))
        raise


def expand_text(text: str, folder: Path = ROOT, root: Path = ROOT) -> Template:
    """Like `expand`, for the text of a template in `folder`."""
    source = _include(yaml_parse(text), folder)
    machines = {
        name: resource["Properties"].pop("Definition", None)
        or yaml_parse((folder / resource["Properties"]["DefinitionUri"]).read_text())
        for name, resource in source["Resources"].items()
        if resource["Type"] == "AWS::Serverless::StateMachine"
    }
    for name in machines:
        source["Resources"][name]["Properties"]["DefinitionUri"] = "s3://artifacts/local"
    for properties in (
        *source.get("Globals", {}).values(),
        *(resource.get("Properties", {}) for resource in source["Resources"].values()),
    ):
        _package(properties, folder, root)
    expanded = _transformed(source)
    for name, definition in machines.items():
        # As an object, because cfn-lint reads only that.
        properties = expanded["Resources"][name]["Properties"]
        del properties["DefinitionS3Location"]
        properties["Definition"] = definition
    return expanded


def child(template_url: str) -> Path:
    """Returns the path of the nested template that an expanded AWS::CloudFormation::Stack names."""
    return Path(template_url.removeprefix(ARTIFACTS))


def _transformed(source: Template) -> Template:
    """Replaces the account's managed policies, which the translator looks up by name. The one used here is given by its
    ARN."""
    to_py27_compatible_template(source, {})
    translator = Translator(None, Parser(), boto_session=SimpleNamespace(region_name="us-east-1"))
    translated = translator.translate(
        source, parameter_values={}, passthrough_metadata=True, get_managed_policy_map=dict
    )
    expanded: Template = undo_mark_unicode_str_in_template(translated)
    return expanded


def _package(properties: dict[str, Any], folder: Path, root: Path) -> None:
    """Replaces local paths by addresses, as `sam package` would."""
    for name in ("CodeUri", "ContentUri"):
        if isinstance(properties.get(name), str):
            properties[name] = "s3://artifacts/local"
    if isinstance(properties.get("Location"), str):
        path = normpath(folder / properties["Location"])
        properties["Location"] = ARTIFACTS + Path(path).relative_to(root).as_posix()


def _include(node: Any, folder: Path) -> Any:
    """Returns the node with each AWS::Include replaced by the file that it names."""
    if isinstance(node, list):
        return [_include(item, folder) for item in node]
    if not isinstance(node, dict):
        return node
    macro = node.get("Fn::Transform")
    if isinstance(macro, dict) and macro.get("Name") == "AWS::Include":
        return yaml_parse((folder / macro["Parameters"]["Location"]).read_text())
    return {key: _include(value, folder) for key, value in node.items()}


def main() -> int:
    """Writes every expansion to .local/expanded. With --lint, returns cfn-lint's exit code for them."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--lint", action="store_true")
    # The translator logs metrics that concern only SAM's own service.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    written = []
    for template in templates():
        path = EXPANDED / template.with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(expand(template), indent=2, default=str))
        written.append(path)
        print(path.relative_to(ROOT))
    if not arguments.parse_args().lint:
        return 0
    return subprocess.run(["cfn-lint", "--", *written], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
