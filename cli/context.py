"""Which shop a command talks to, and how: a local stack of some folder, or one on AWS."""

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config
from pydantic import Field

from cli.errors import CommandError
from cli.stack import Resources, outputs_of
from contracts.types import Value

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_STACK = "cartwheel"
_NOWHERE = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class User(Value):
    email: str
    password: str


class Details(Value):
    """A deployed shop as `stack.json` describes it. `endpoint_url` is None on AWS itself."""

    api_url: str
    endpoint_url: str | None = None
    region: str
    stack_name: str
    user_pool_id: str
    user_pool_client_id: str
    access_key_id: str | None = None
    secret_access_key: str | None = Field(default=None, repr=False)
    customers: tuple[User, ...] = ()
    operators: tuple[User, ...] = ()


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
            details = Details.model_validate_json(file.read_text())
        except FileNotFoundError:
            raise CommandError(
                f"There is no local stack ({file} is missing). Start one with `make run`, "
                "or name one on AWS: --stack NAME."
            ) from None
        except ValueError:
            raise CommandError(f"{file} is damaged. Start the stack again: make run") from None
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
        """A stack in the account of the user's credentials. Raises CommandError."""
        session = boto3.Session(profile_name=profile, region_name=region)
        if session.region_name is None:
            raise CommandError("Which region? Give --region, or set AWS_REGION.")
        outputs = outputs_of(session.client("cloudformation"), name)
        file = home / "users" / f"{outputs['UserPoolId']}.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        details = Details(
            # Whoever puts a domain of their own before the API says so.
            api_url=os.environ.get("CARTWHEEL_API_URL", outputs["ApiUrl"]).rstrip("/"),
            region=session.region_name,
            stack_name=name,
            user_pool_id=outputs["UserPoolId"],
            user_pool_client_id=outputs["UserPoolClientId"],
            customers=known.get("customers", ()),
            operators=known.get("operators", ()),
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
        everyone = (*self.details.customers, *self.details.operators)
        return next((user for user in everyone if user.email == email), None)

    def with_user(self, user: User, *, operator: bool) -> "Stack":
        """The stack that knows this user too; it is written to `file`, so that later commands can sign in."""
        group = "operators" if operator else "customers"
        others = tuple(known for known in getattr(self.details, group) if known.email != user.email)
        details = self.details.model_copy(update={group: (*others, user)})
        document = details.model_dump(mode="json")
        kept = document if self.is_local else {name: document[name] for name in ("customers", "operators")}
        _write_privately(self.file, json.dumps(kept, indent=2) + "\n")
        return Stack(details, self.file, self.session)


def _write_privately(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.replace(file)
