"""The keys that sign webhooks. They are stored in Secrets Manager and cached for minutes."""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache

from notify.signature import key_of
from shopkit import clock
from shopkit.aws import client

_REMEMBERED_SECONDS = 300
# How long both keys sign after a change of the secret, so that the receiver has time to switch.
_OVERLAP = timedelta(days=1)


def current() -> Sequence[bytes]:
    """Returns the secret's key, and for a day after a change also the previous one. A change takes effect within 5
    minutes."""
    return _read(os.environ["WEBHOOK_SECRET_ARN"], int(clock.now().timestamp()) // _REMEMBERED_SECONDS)


@lru_cache(maxsize=1)
def _read(secret: str, _five_minutes: int) -> Sequence[bytes]:
    secrets = client("secretsmanager")
    newest = secrets.get_secret_value(SecretId=secret)
    keys = [key_of(newest["SecretString"])]
    if clock.now() - newest["CreatedDate"] < _OVERLAP:
        with suppress(secrets.exceptions.ResourceNotFoundException):  # it was never changed
            before = secrets.get_secret_value(SecretId=secret, VersionStage="AWSPREVIOUS")
            keys.append(key_of(before["SecretString"]))
    return keys
