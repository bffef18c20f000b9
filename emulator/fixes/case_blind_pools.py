"""User pools that do not tell upper from lower case.

AWS: in a pool with `UsernameConfiguration: {CaseSensitive: false}`, names and addresses that differ in case alone are
the same user's, at sign-up, sign-in and look-up (Cognito Developer Guide, "User pool case sensitivity"); an address
stays written as it was given.
Emulator: keeps the setting and compares exactly, so that another case signs up a second user, and cannot sign in.
Fix: where nobody is found by the exact name, look for somebody whose name or address differs in case alone.
Goes when: MiniStack's look-up of users follows the setting.
"""

from collections.abc import Iterator
from typing import Any

from emulator.patching import module, original


def apply() -> None:
    cognito = module("services.cognito")
    resolve = original(cognito, "_resolve_user", "pool username")
    attributes_of = original(cognito, "_attr_list_to_dict", "attrs")

    def names(pool: dict[str, Any]) -> Iterator[str]:
        aliases = {*(pool.get("UsernameAttributes") or []), *(pool.get("AliasAttributes") or [])}
        for name, user in pool["_users"].items():
            attributes = attributes_of(user.get("Attributes", []))
            yield from (name, *(attributes[alias] for alias in aliases if alias in attributes))

    def resolve_user(pool: dict[str, Any], username: str | None) -> Any:
        user, error = resolve(pool, username)
        if user is not None or username is None or not _case_blind(pool):
            return user, error
        written = next((name for name in names(pool) if name.casefold() == username.casefold()), username)
        return resolve(pool, written)

    cognito._resolve_user = resolve_user


def _case_blind(pool: dict[str, Any]) -> bool:
    # A template's boolean may arrive as a string.
    return str((pool.get("UsernameConfiguration") or {}).get("CaseSensitive", True)).lower() == "false"
