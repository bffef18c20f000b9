"""The real `sam build` and `sam deploy` against an embedded AWS, and what they made.

Both run with `--config-env local`, so samconfig.toml says where and with which parameters. Their output goes to a log
in the run's folder; a person sees one line of progress and, when it fails, the events that say why.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

from emulator import lifecycle, private
from emulator.lifecycle import PROJECT, EmulatorError, Running
from emulator.parameters import refusal

# What `sam build` reads: a change in none of these needs no build.
SOURCES = ("template.yaml", "samconfig.toml", "api", "layer", "schemas", "services", "web", "workflows")
DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
STABLE = (*DEPLOYED, "UPDATE_ROLLBACK_COMPLETE")
REASONS = 12  # failed resource events to show
SETTLE_SECONDS, POLL_SECONDS = 120.0, 0.5
CONFIG = "local"
PARAMETERS = "parameters.json"

Report = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """A deployed shop, as `stack.json` tells everything that talks to it."""

    api_url: str
    endpoint_url: str
    region: str
    stack_name: str
    user_pool_id: str
    user_pool_client_id: str
    storefront_url: str | None  # nothing with Storefront=OFF
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    customers: list[dict[str, str]] = field(default_factory=list)
    operators: list[dict[str, str]] = field(default_factory=list)


def deploy(
    home: Path, running: Running, report: Report = print, parameters: Mapping[str, str] = MappingProxyType({})
) -> Stack:
    """Build what changed, deploy what changed, and write `stack.json`. `parameters` of the template are beside those
    of samconfig.toml. Raises EmulatorError."""
    with _one_at_a_time():
        sources = build(home, running, report)
        deployed = home / "deployed.json"
        state = {"sources": sources, "parameters": dict(parameters)}
        if _read(deployed) == state and _status(running) in DEPLOYED:
            report("Already deployed: nothing changed")
            return _write_stack(home, running)
        deployed.unlink(missing_ok=True)
        _sam_deploy(home, running, report, parameters)
        written = _write_stack(home, running)
        deployed.write_text(json.dumps(state))
    return written


def build(home: Path, running: Running, report: Report = print) -> str:
    """`sam build` when a source changed since the last one; answers the hash of the sources."""
    template = PROJECT / _samconfig()["build"]["build_dir"] / "template.yaml"
    stamp = template.parent.with_suffix(".sources")
    sources = sources_hash()
    if template.exists() and stamp.exists() and stamp.read_text() == sources:
        report("Already built: nothing changed")
        return sources
    stamp.unlink(missing_ok=True)
    report("Building the functions and their layer")
    # The layer holds compiled wheels: here they must fit this machine, not Lambda's arm64.
    environment = _environment(running) | {"LAYER_PLATFORM": "host"}
    log = home / "build.log"
    if _run(["sam", "build", "--config-env", CONFIG], environment, log, lambda _line: None):
        raise EmulatorError(f"sam build failed. The end of {log}:\n{_tail(log)}")
    stamp.write_text(sources)
    return sources


def stuck(running: Running) -> bool:
    """Whether an earlier deployment failed halfway, so that the stack takes no update and needs a fresh account. One
    that still runs, by another run or after an interrupted one, is waited for."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        status = _status(running)
        if status is None:
            return False
        if not status.endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            return status not in STABLE
        if status == "REVIEW_IN_PROGRESS":  # nothing was made yet
            return False
        time.sleep(POLL_SECONDS)


def _status(running: Running) -> str | None:
    try:
        stacks = lifecycle.client(running, "cloudformation").describe_stacks(StackName=stack_name())["Stacks"]
    except ClientError:
        return None
    return str(stacks[0]["StackStatus"])


def stack_name() -> str:
    name: str = _samconfig()["global"]["stack_name"]
    return name


def sources_hash() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for source in SOURCES:
        path = PROJECT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(PROJECT)}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def missing_tools() -> list[str]:
    """What a run needs and this machine lacks, one sentence each."""
    path = _path()
    missing = [] if sys.version_info >= (3, 13) else ["Python 3.13: `make run` installs it through uv"]
    for tool, remedy in {
        "sam": "`make run` installs it into .venv; run that, not this module, the first time",
        "make": "install GNU make with your system's package manager",
        "python3.13": "`make run` makes .venv with it; or install Python 3.13",
    }.items():
        if shutil.which(tool, path=path) is None:
            missing.append(f"{tool}: {remedy}")
    return missing


def parameters_in(text: str) -> dict[str, str]:
    """`NAME=VALUE NAME=VALUE`, of parameters that the template has and values that they take. Raises EmulatorError."""
    known = yaml_parse((PROJECT / "template.yaml").read_text())["Parameters"]
    try:
        pairs = [word.partition("=") for word in shlex.split(text)]
    except ValueError as error:
        raise EmulatorError(f"PARAMETERS is NAME=VALUE NAME=VALUE, not {text!r}: {error}") from error
    for name, equals, value in pairs:
        if not equals or name not in known:
            raise EmulatorError(f"PARAMETERS: {name!r} is not NAME=VALUE with one of these names: {', '.join(known)}")
        if why := refusal(known[name], value):
            raise EmulatorError(f"PARAMETERS: {name}={value}: {why}")
    return {name: value for name, _, value in pairs}


def remembered(home: Path) -> dict[str, str]:
    """The parameters that were given before: they stay until they are given again."""
    return {str(name): str(value) for name, value in _read(home / PARAMETERS).items()}


def remember(home: Path, parameters: Mapping[str, str]) -> None:
    private.write(home / PARAMETERS, json.dumps(parameters, indent=2) + "\n")


def _sam_deploy(home: Path, running: Running, report: Report, parameters: Mapping[str, str]) -> None:
    report("Deploying")
    done = 0

    def progress(line: str) -> None:
        nonlocal done
        if line.startswith(("CREATE_COMPLETE", "UPDATE_COMPLETE")):
            done += 1
            report(f"Deploying: {done} resources ready")

    log, began = home / "deploy.log", datetime.now(UTC)
    command = ["sam", "deploy", "--config-env", CONFIG]
    if parameters:  # the option stands instead of samconfig.toml's, not beside it
        given = [f"{name}={value}" for name, value in parameters.items()]
        command += ["--parameter-overrides", _samconfig()["deploy"]["parameter_overrides"], *given]
    if _run(command, _environment(running), log, progress):
        reasons = _failed_events(running, began) or [_tail(log)]
        raise EmulatorError("\n".join(("sam deploy failed:", *reasons, f"Its whole output is in {log}")))


def _outputs(running: Running) -> dict[str, str]:
    stacks = lifecycle.client(running, "cloudformation").describe_stacks(StackName=stack_name())["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def _write_stack(home: Path, running: Running) -> Stack:
    outputs = _outputs(running)
    if absent := {"ApiUrl", "UserPoolId", "UserPoolClientId"} - set(outputs):
        raise EmulatorError(f"The stack has no output {', '.join(sorted(absent))}: template.yaml must name them.")
    path = home / "stack.json"
    earlier = _read(path)
    # Users live in the pool: with another pool the earlier ones are gone.
    keep = earlier if earlier.get("user_pool_id") == outputs["UserPoolId"] else {}
    stack = Stack(
        api_url=_local_url(outputs["ApiUrl"], running),
        endpoint_url=running.endpoint,
        region=lifecycle.REGION,
        stack_name=stack_name(),
        user_pool_id=outputs["UserPoolId"],
        user_pool_client_id=outputs["UserPoolClientId"],
        storefront_url=_local_site(outputs.get("StorefrontUrl"), running),
        access_key_id=running.access_key_id,
        secret_access_key=running.secret_access_key,
        customers=keep.get("customers", []),
        operators=keep.get("operators", []),
    )
    private.write(path, json.dumps(asdict(stack), indent=2) + "\n")
    return stack


def _local_url(api_url: str, running: Running) -> str:
    """The emulator serves https://ID.execute-api.REGION.amazonaws.com/STAGE under a path of its own endpoint."""
    host, stage = api_url.removeprefix("https://").split("/", 1)
    return f"http://localhost:{running.port}/restapis/{host.split('.')[0]}/{stage}/_user_request_"


def _local_site(url: str | None, running: Running) -> str | None:
    """The emulator serves https://LABEL.cloudfront.net/ as http://LABEL.cloudfront.localhost:PORT/."""
    return url and f"http://{urlsplit(url).netloc.split('.')[0]}.cloudfront.localhost:{running.port}/"


def _failed_events(running: Running, since: datetime) -> list[str]:
    """The resources that failed first, in the stack and its nested ones: consequences and cancellations say nothing."""
    cloudformation = lifecycle.client(running, "cloudformation")
    causes: dict[str, None] = {}  # ordered, each once
    nested: dict[str, None] = {}
    with contextlib.suppress(ClientError):
        for summary in cloudformation.list_stacks()["StackSummaries"]:
            for event in cloudformation.describe_stack_events(StackName=summary["StackId"])["StackEvents"]:
                reason, kind = event.get("ResourceStatusReason", ""), event["ResourceType"]
                if reason and event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"] >= since:
                    told = nested if kind == "AWS::CloudFormation::Stack" else causes
                    told[f"  {event['LogicalResourceId']} ({kind}, in {event['StackName']}): {reason}"] = None
    return list(causes or nested)[:REASONS]


def _run(command: list[str], environment: dict[str, str], log: Path, each_line: Callable[[str], None]) -> int:
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            for line in process.stdout or ():
                out.write(line)
                out.flush()
                each_line(line)
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise


def _environment(running: Running) -> dict[str, str]:
    return lifecycle.environment(running) | {"PATH": _path()}


def _path() -> str:
    """This interpreter's own tools first: `sam`, and the `python3.13` and `pip` that the layer's makefile calls."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))


def _samconfig() -> dict[str, Any]:
    """The parameters of samconfig.toml's local environment, by command."""
    config = tomllib.loads((PROJECT / "samconfig.toml").read_text())[CONFIG]
    return {command: section["parameters"] for command, section in config.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _tail(log: Path, lines: int = 15) -> str:
    """The end of a log: from the last error on, when it names one."""
    said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [number for number, line in enumerate(said) if line.startswith("Error:")]
    return "\n".join(said[errors[-1] :] if errors else said[-lines:])


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """The build folder is shared by every run of this checkout."""
    lock = PROJECT / ".local" / "build.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
