"""What `sam build` makes, imported as Lambda would: nothing to compile, nothing missing, nothing foreign.

The embedded AWS runs functions with this project's own interpreter, whose packages hide a missing dependency, and from
unpacked files, whose times hide stale bytecode. So each handler is imported in a bare interpreter, from a copy with
fresh file times, beside the layer and what the Lambda runtime brings, and nothing else.
"""

import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tools.expand import ROOT, child, expand, templates

pytestmark = pytest.mark.build

# boto3 and what it needs: the Lambda runtime for Python has them.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
IMPORTER = Path(__file__).parent / "import_handler.py"
UNCHECKED_HASH = 0b01  # PEP 552
AARCH64 = 183  # e_machine of an ELF file


@dataclass(frozen=True)
class Artifact:
    code: Path
    layer: Path
    handler: str
    variables: dict[str, str]


def functions() -> list[str]:
    """Every function of the application, as `template:logical id`."""
    return [
        f"{template}:{name}"
        for template in templates()
        for name, resource in expand(template)["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    ]


def sam_build(folder: Path, *options: str, **environment: str) -> Path:
    """Build into `folder`; the cache is the tests' own, because `make run` may be building at the same time."""
    command = ["sam", "build", "--build-dir", str(folder), "--cached", "--cache-dir", ".local/test-cache", *options]
    finished = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """Each function's artifact, copied with fresh times as an unzipped one has, by `template:logical id`."""
    built = sam_build(tmp_path_factory.mktemp("built"), "--config-env", "local", LAYER_PLATFORM="host")
    fresh = tmp_path_factory.mktemp("fresh") / "build"
    shutil.copytree(built, fresh, copy_function=shutil.copy)
    found: dict[str, Artifact] = {}

    def collect(template: Path, source: Path) -> None:
        parsed: dict[str, Any] = yaml_parse(template.read_text())
        shared = parsed.get("Globals", {}).get("Function", {})
        for name, resource in parsed["Resources"].items():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Serverless::Application":
                url = expand(source)["Resources"][name]["Properties"]["TemplateURL"]
                collect(template.parent / properties["Location"], child(url))
            elif resource["Type"] == "AWS::Serverless::Function":
                variables = shared.get("Environment", {}).get("Variables", {})
                variables |= properties.get("Environment", {}).get("Variables", {})
                found[f"{source}:{name}"] = Artifact(
                    template.parent / properties["CodeUri"],
                    fresh / "Layer" / "python",
                    properties["Handler"],
                    {key: value if isinstance(value, str) else "value" for key, value in variables.items()},
                )

    collect(fresh / "template.yaml", Path("template.yaml"))
    return found


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the Lambda runtime, linked from this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    packages = Path(sysconfig.get_path("purelib"))
    for name in RUNTIME:
        (folder / name).symlink_to(packages / name)
    return folder


def import_as_on_lambda(artifact: Artifact, runtime: Path) -> dict[str, list[str]]:
    """Which modules of the artifact and the layer were compiled, and which came from elsewhere."""
    where = [str(artifact.code), str(artifact.layer), str(runtime)]
    environment = artifact.variables | {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "LAMBDA_TASK_ROOT": str(artifact.code),
    }
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    finished = subprocess.run(
        [python, "-I", "-S", "-B", IMPORTER, artifact.handler, *where],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    report: dict[str, list[str]] = json.loads(finished.stdout)
    return {"foreign": report["foreign"]} | {
        "compiled": [path for path in report["compiled"] if not path.startswith(str(runtime))]
    }


@pytest.mark.parametrize("function", functions())
def test_handler_imports_as_on_lambda(function: str, artifacts: dict[str, Artifact], runtime: Path) -> None:
    report = import_as_on_lambda(artifacts[function], runtime)
    assert report["compiled"] == [], "compiled at import, as at every cold start"
    assert report["foreign"] == [], "neither in the artifact, the layer, the standard library nor the runtime"


@pytest.mark.parametrize(
    ("mode", "compiled"),
    [(PycInvalidationMode.TIMESTAMP, ["planted.py"]), (PycInvalidationMode.UNCHECKED_HASH, [])],
)
def test_stale_bytecode_is_noticed(
    tmp_path: Path, runtime: Path, mode: PycInvalidationMode, compiled: list[str]
) -> None:
    source = tmp_path / "planted.py"
    source.write_text("def handler(): ...")
    py_compile.compile(str(source), invalidation_mode=mode)
    os.utime(source, (0, 0))
    report = import_as_on_lambda(Artifact(tmp_path, tmp_path, "planted.handler", {}), runtime)
    assert [Path(path).name for path in report["compiled"]] == compiled


def test_what_only_this_environment_has_is_missing(tmp_path: Path, runtime: Path) -> None:
    (tmp_path / "planted.py").write_text("import pytest\ndef handler(): ...")
    with pytest.raises(AssertionError, match="No module named 'pytest'"):
        import_as_on_lambda(Artifact(tmp_path, tmp_path, "planted.handler", {}), runtime)


def test_bytecode_is_of_its_source(artifacts: dict[str, Artifact]) -> None:
    """Unchecked bytecode is trusted for ever, so a stale one would run old code."""
    folders = {folder for artifact in artifacts.values() for folder in (artifact.code, artifact.layer)}
    for source in (path for folder in folders for path in folder.rglob("*.py")):
        bytecode = Path(importlib.util.cache_from_source(str(source))).read_bytes()
        assert bytecode[:4] == importlib.util.MAGIC_NUMBER, f"{source}: of another Python"
        assert int.from_bytes(bytecode[4:8], "little") == UNCHECKED_HASH, f"{source}: checked by time"
        assert bytecode[8:16] == importlib.util.source_hash(source.read_bytes()), f"{source}: stale"


@pytest.mark.parametrize(("folder", "resource"), [("layer", "Layer"), ("services/kafka/src", "Bridge")])
def test_what_is_compiled_for_aws_is_arm64(folder: str, resource: str, tmp_path: Path) -> None:
    """By the recipes that `sam build` calls: it cannot build a single function whose layer is another template's."""
    made = ["make", "-C", folder, f"build-{resource}", f"ARTIFACTS_DIR={tmp_path}"]
    finished = subprocess.run(made, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    libraries = list(tmp_path.rglob("*.so*"))
    assert libraries, "pydantic-core and librdkafka are"
    foreign = [path.name for path in libraries if int.from_bytes(path.read_bytes()[18:20], "little") != AARCH64]
    assert foreign == [], "not built for Lambda's processor"
