"""Replays that go to some rules only.

AWS: StartReplay's Destination.FilterArns names the rules that replayed events go to; without it they go to all (API
reference, ReplayDestination).
Emulator: replays to every rule that matches.
Fix: a rule that the replay does not name gets none of its events.
Goes when: MiniStack honours FilterArns.
"""

from typing import Any

from emulator.patching import expect, module, original


def apply() -> None:
    events = module("services.eventbridge")
    invoke = original(events, "_invoke_target", "target event rule view")
    expect(hasattr(events, "_replays"), "EventBridge to keep its replays")

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        replay = events._replays.get(event.get("ReplayName")) or {}
        only = (replay.get("Destination") or {}).get("FilterArns")
        if not only or rule["Arn"] in only:
            invoke(target, event, rule, view)

    events._invoke_target = invoke_target
