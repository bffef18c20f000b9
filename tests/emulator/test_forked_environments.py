"""A cold start is a fork, and yet an environment has only what belongs to its function."""

import io
import os
import signal
import zipfile
from pathlib import Path

import pytest

from tests.emulator.account import Account, package

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="environments are forked on Linux only")

WHAT_IT_HAS = """
    import os, sys

    loaded = sorted(sys.modules)

    def handler(event, context):
        code = os.getcwd()
        mine = [path for path in sys.path if path.startswith(os.path.dirname(code))]
        return {
            "parent": os.getppid(), "pid": os.getpid(), "loaded": loaded, "variables": dict(os.environ),
            "born_with": open("/proc/self/environ").read(), "mine": mine, "path": sys.path,
            "open": [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if int(fd) > 2
                     and os.path.exists(f"/proc/self/fd/{fd}")],
        }
"""


def test_environments_are_forked_and_have_only_what_is_theirs(account: Account) -> None:
    one, other = (account.invoke(account.function(WHAT_IT_HAS, OWN=name))[1] for name in ("one", "other"))
    assert one["parent"] == other["parent"] != account.running.pid, "forked from one process"
    assert {"boto3", "botocore.client"} <= set(one["loaded"])
    assert not [name for name in one["loaded"] if name.partition(".")[0] in {"emulator", "ministack", "deployed"}]
    assert (one["variables"]["OWN"], other["variables"]["OWN"]) == ("one", "other")
    assert one["variables"]["AWS_ACCESS_KEY_ID"] != other["variables"]["AWS_ACCESS_KEY_ID"]
    for secret in (account.running.access_key_id, account.running.secret_access_key):
        assert secret not in one["born_with"]
    assert len(one["mine"]) == len(other["mine"]) == 2
    assert not set(one["mine"]) & set(other["path"])
    assert not [file for file in one["open"] if file.startswith(("socket:", "pipe:"))], "no stream of another process"


def test_a_function_that_brings_a_package_gets_its_own(account: Account) -> None:
    name = account.function("def handler(event, context): ...")
    code = package("VERSION = 'mine'\n__version__ = 'mine'", "boto3.py")
    lambdas = account.client("lambda")
    archive = io.BytesIO(code)
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr("index.py", "import boto3\ndef handler(event, context): return boto3.VERSION\n")
    lambdas.update_function_code(FunctionName=name, ZipFile=archive.getvalue())
    assert account.invoke(name) == (None, "mine")


def test_an_environment_that_was_killed_is_replaced_as_is_the_process_it_was_forked_from(account: Account) -> None:
    function = account.function(WHAT_IT_HAS)
    first = account.invoke(function)[1]
    os.kill(first["pid"], signal.SIGKILL)
    account.eventually(lambda: not Path(f"/proc/{first['pid']}").exists())
    second = account.invoke(function)[1]
    assert second["pid"] != first["pid"]
    assert second["parent"] == first["parent"]
    os.kill(second["pid"], signal.SIGKILL)
    os.kill(second["parent"], signal.SIGKILL)
    account.eventually(lambda: not Path(f"/proc/{second['pid']}").exists())
    assert account.invoke(function)[0] is None
    assert account.invoke(account.function(WHAT_IT_HAS))[1]["parent"] not in (second["parent"], account.running.pid)
