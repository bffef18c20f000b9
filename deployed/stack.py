"""Which shop a command talks to, and how: a local stack of some folder, or one on AWS."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from pydantic import Field, StringConstraints, ValidationError

from contracts.types import Value
from deployed.deadline import within
from deployed.errors import CommandError
from deployed.resources import Resources, outputs_of

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_STACK = "cartwheel"
# A wrong network or account is known by the first call, which gets no second try.
_FIRST_CALL = Config(connect_timeout=3, read_timeout=4, retries={"total_max_attempts": 1})
_FIRST_CALL_SECONDS = 4
_URL = r"^https?://[^/\s]+(/\S*)?$"
_NOWHERE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class User(Value):
    email: str
    password: str


class People(Value):
    """Who can sign in from here."""

    customers: tuple[User, ...] = ()
    operators: tuple[User, ...] = ()

    def known(self, email: str) -> User | None:
        """The user of this address; the pool does not distinguish case either."""
        everyone = (*self.customers, *self.operators)
        return next((user for user in everyone if user.email.casefold() == email.casefold()), None)

    def joined_by(self, user: User, *, operator: bool) -> Self:
        """With this user, in the place of one with the same address."""
        group: str = "operators" if operator else "customers"
        before: tuple[User, ...] = getattr(self, group)
        others = tuple(known for known in before if known.email.casefold() != user.email.casefold())
        return self.model_copy(update={group: (*others, user)})


class Details(People):
    """A deployed shop as `stack.json` describes it. `endpoint_url` is None on AWS itself, `storefront_url` where
    Storefront is OFF."""

    api_url: Annotated[str, StringConstraints(pattern=_URL)]
    endpoint_url: Annotated[str, StringConstraints(pattern=_URL)] | None = None
    region: str
    stack_name: str
    user_pool_id: str
    user_pool_client_id: str
    storefront_url: Annotated[str, StringConstraints(pattern=_URL)] | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = Field(default=None, repr=False)


@dataclass(frozen=True)
class Stack:
    """A deployed shop. `file` is where its known users are kept, readable by this user only."""

    details: Details
    file: Path
    session: boto3.Session = field(repr=False)

    @classmethod
    def local(cls, home: Path) -> Self:
        """The stack that `make run` deployed in this folder. Raises CommandError."""
        file = home / "stack.json"
        try:
            details = _read(file, Details)
        except FileNotFoundError:
            begun = (home / "emulator.json").exists()
            why = "its deployment has not finished" if begun else "none was started"
            raise CommandError(
                f"There is no local stack: {why} ({file} is missing). Start one with `make run`, "
                "or name one on AWS: --stack NAME."
            ) from None
        # Never the user's own keys and settings: a slip must not reach a real account.
        session = boto3.Session(
            aws_access_key_id=details.access_key_id,
            aws_secret_access_key=details.secret_access_key,
            region_name=details.region,
            botocore_session=botocore.session.Session(session_vars=_NOWHERE),
        )
        return cls(details, file, session)

    @classmethod
    def on_aws(cls, home: Path, *, name: str, profile: str | None, region: str | None) -> Self:
        """A stack in the account of the user's credentials. Raises CommandError, BotoCoreError."""
        session = boto3.Session(profile_name=profile, region_name=region)
        if session.region_name is None:
            raise CommandError("Which region? Give --region, or set AWS_REGION.")
        outputs = _outputs(session, name)
        file = home / "users" / f"{outputs['UserPoolId']}.json"
        known = _people_in(file)
        details = Details(
            # Whoever puts a domain of their own before the API says so.
            api_url=os.environ.get("CARTWHEEL_API_URL", outputs["ApiUrl"]).rstrip("/"),
            region=session.region_name,
            stack_name=name,
            user_pool_id=outputs["UserPoolId"],
            user_pool_client_id=outputs["UserPoolClientId"],
            storefront_url=outputs.get("StorefrontUrl"),
            customers=known.customers,
            operators=known.operators,
        )
        return cls(details, file, session)

    @property
    def is_local(self) -> bool:
        return self.details.endpoint_url is not None

    def client(self, service: str) -> Any:
        """A boto3 client of the stack's account and region, with patience for a cold start; always the same."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    def _new_client(self, service: str) -> Any:
        config = Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": 3},
            proxies={} if self.is_local else None,
        )
        return self.session.client(  # type: ignore[call-overload]
            service, region_name=self.details.region, endpoint_url=self.details.endpoint_url, config=config
        )

    @cached_property
    def resources(self) -> Resources:
        return Resources.of(self.client("cloudformation"), self.details.stack_name)

    def user(self, email: str) -> User | None:
        """The known user of this address."""
        return self.details.known(email)

    def with_user(self, user: User, *, operator: bool) -> "Stack":
        """The stack that knows this user too; it is written to `file`, so that later commands can sign in. Whatever
        others have added meanwhile stays. Raises CommandError, and leaves the file as it was."""
        with _locked(self.file):
            now = _read(self.file, Details) if self.is_local else _people_in(self.file)
            joined = now.joined_by(user, operator=operator)
            _write_privately(self.file, joined.model_dump_json(indent=2) + "\n")
        details = self.details.model_copy(update={"customers": joined.customers, "operators": joined.operators})
        return Stack(details, self.file, self.session)


def _outputs(session: boto3.Session, name: str) -> dict[str, str]:
    """Raises NoCredentialsError, BotoCoreError; CommandError for no such stack, or no answer."""
    if session.get_credentials() is None:
        raise NoCredentialsError
    cloudformation = session.client("cloudformation", config=_FIRST_CALL)
    try:
        return within(_FIRST_CALL_SECONDS, lambda: outputs_of(cloudformation, name))
    except TimeoutError:
        where = cloudformation.meta.endpoint_url
        raise CommandError(f"AWS does not answer at {where}. Is there a network, and is the region right?") from None


def _people_in(file: Path) -> People:
    try:
        return _read(file, People)
    except FileNotFoundError:
        return People()


def _read[Kept: People](file: Path, kind: type[Kept]) -> Kept:
    """Raises FileNotFoundError; CommandError for what else is in the way."""
    try:
        return kind.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise CommandError(
            f"{file} is damaged. Write it again: make run, or delete it if it is of a stack on AWS."
        ) from None


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Commands that change the file take turns. Raises CommandError when it cannot be written here."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from None


def _write_privately(file: Path, text: str) -> None:
    """All of it or nothing, for this user's eyes only. Raises OSError."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f"{file.stem}.", suffix=".tmp")  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(descriptor)
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
