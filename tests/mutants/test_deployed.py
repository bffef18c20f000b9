"""`./shop chaos` kills mutants on the deployed stack: one function's code is replaced, and the audit must notice."""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from chaos.run import run
from deployed.seeding import seed_shop
from deployed.stack import Stack
from emulator import deploy, lifecycle

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(1200)]

HOME = lifecycle.PROJECT / ".local" / "mutants"
ORDERS, FAULTS = 40, 0.2


@dataclass(frozen=True)
class Mutant:
    """One edit of one file, in one function. `check` is the audit's check that must fail."""

    name: str
    function: str
    file: str
    old: str
    new: str
    check: str

    def artifact(self, *, planted: bool) -> bytes:
        """Returns the function's code, with or without the edit. Raises ValueError unless `old` occurs once."""
        source = lifecycle.PROJECT / "services" / self.file.partition("/")[0] / "src"
        content, target = io.BytesIO(), source / self.file.partition("/")[2]
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in target.parent.rglob("*") if path.is_file()):
                if "__pycache__" not in path.parts:
                    text = path.read_bytes()
                    archive.writestr(str(path.relative_to(source)), self._edited(text, path == target and planted))
        return content.getvalue()

    def _edited(self, text: bytes, planted: bool) -> bytes:
        if not planted:
            return text
        if text.count(self.old.encode()) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old.encode())} times {self.old!r}")
        return text.replace(self.old.encode(), self.new.encode())


MUTANTS = [
    Mutant(
        "a mail is sent for each delivery of its event",
        "Notify/Email",
        "notify/notify/store.py",
        'return f"{event_id}#{channel}"',
        "return f\"{event_id}#{channel}#{__import__('uuid').uuid4()}\"",
        "notifications",
    ),
    Mutant(
        "a purchase is counted without its event's id",
        "Clickstream/Purchases",
        "clickstream/clickstream/domain.py",
        "if id_ not in known",
        "if True",
        "replicas",
    ),
    Mutant(
        "the timeline records an event for each delivery",
        "Order/RecordTimeline",
        "order/order/timeline_store.py",
        "#{event.event_id}",
        "#{event.event_id}#{__import__('uuid').uuid4()}",
        "events",
    ),
]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A shop of its own, because what a mutant did stays wrong."""
    lifecycle.stop(HOME)
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.parent.mkdir(exist_ok=True)
    try:
        deploy.deploy(HOME, lifecycle.start(HOME, 0), lambda _progress: None, {})
        yield seed_shop(Stack.local(HOME), lambda _progress: None).stack
    finally:
        lifecycle.stop(HOME)


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Violations of earlier mutants, which stay."""
    return set()


@contextmanager
def planted(stack: Stack, mutant: Mutant) -> Iterator[None]:
    functions, name = stack.client("lambda"), stack.resources[mutant.function]
    functions.update_function_code(FunctionName=name, ZipFile=mutant.artifact(planted=True))
    try:
        yield
    finally:
        functions.update_function_code(FunctionName=name, ZipFile=mutant.artifact(planted=False))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_killed(
    stack: Stack, known: set[str], mutant: Mutant, record_property: Callable[[str, object], None]
) -> None:
    with planted(stack, mutant):
        report = run(stack, seed=7, orders=ORDERS, rate=FAULTS, tell=lambda _text, _done: None)
    found = [violation for violation in report.violations if violation not in known]
    known.update(found)
    killed = [violation for violation in found if violation.startswith(f"{mutant.check}: ")]
    assert killed, found
    record_property("figures", f"mutant killed: {mutant.name:<56} ./shop chaos, {killed[0][:60]}")
