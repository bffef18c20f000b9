"""What asking for a permission costs.

AWS: decides in the time of its own.
Emulator: parses every policy of the caller's role at each call, and before it does the same to learn the caller's name.
Fix: parse a text once; learn the name from the key alone.
Goes when: MiniStack keeps parsed policies.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from emulator.patching import module, original

TEXTS = 4096  # policies of some accounts' roles


def apply() -> None:
    evaluator = module("core.iam_evaluator")
    evaluator.parse_policy_document = parse_once(original(evaluator, "parse_policy_document", "doc"))
    _name_by_key(evaluator, module("core.router"), module("core.responses"))


def parse_once(parse: Callable[[Any], Sequence[Any]]) -> Callable[[Any], list[Any]]:
    """The function `parse`, which is asked for each text once; a document that is no text may change."""
    parsed = lru_cache(maxsize=TEXTS)(parse)

    def parse_policy_document(doc: Any) -> list[Any]:
        return list(parsed(doc)) if isinstance(doc, str) else list(parse(doc))

    return parse_policy_document


def _name_by_key(evaluator: Any, router: Any, responses: Any) -> None:
    original(evaluator, "request_caller_arn", "headers query_params")
    original(evaluator, "resolve_credential", "access_key_id account_id session_token")
    key_of = original(router, "extract_access_key_id", "headers query_params")
    account_of = original(responses, "_account_from_sts_session", "access_key_id")

    def request_caller_arn(headers: Mapping[str, str] | None, query_params: Mapping[str, Any] | None = None) -> str:
        account = responses.get_account_id()
        key = key_of(headers or {}, query_params or {})
        credential = evaluator.resolve_credential(key, account_of(key) or account) if key else None
        return getattr(credential, "principal_arn", "") or f"arn:aws:iam::{account}:root"

    evaluator.request_caller_arn = request_caller_arn
