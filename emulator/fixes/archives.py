"""Archives of event buses in templates.

AWS: AWS::Events::Archive keeps what passes the bus and replays it; its Ref is the archive's name.
Emulator: has archives in its API, but refuses the resource type.
Fix: provision them through the emulator's own archives.
Goes when: MiniStack provisions the type (`apply` then refuses to shadow it).
"""

import json
from typing import Any

from emulator.patching import expect, module, original

ARCHIVE = "AWS::Events::Archive"
Provisioned = tuple[str, dict[str, str]]


def apply() -> None:
    handlers = module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    expect(ARCHIVE not in handlers, f"no real {ARCHIVE}: drop the fix")
    handlers[ARCHIVE] = _handler(module("services.eventbridge"))


def _handler(events: Any) -> dict[str, Any]:
    create_archive = original(events, "_create_archive", "data")
    update_archive = original(events, "_update_archive", "data")
    delete_archive = original(events, "_delete_archive", "data")

    def request(props: dict[str, Any], name: str) -> dict[str, Any]:
        data = {**props, "ArchiveName": name, "EventSourceArn": props.get("SourceArn", "")}
        if isinstance(props.get("EventPattern"), dict):
            data["EventPattern"] = json.dumps(props["EventPattern"])
        return data

    def answer(response: Any, name: str) -> Provisioned:
        status, _headers, body = response
        if status >= 400:
            raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
        return name, {"Arn": json.loads(body)["ArchiveArn"], "ArchiveName": name}

    def create(logical_id: str, props: dict[str, Any], stack: str) -> Provisioned:
        # 48 characters are AWS's limit for the name of an archive.
        name = props.get("ArchiveName") or f"{stack}-{logical_id}"[-48:]
        return answer(create_archive(request(props, name)), name)

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str) -> Provisioned:
        replaced = old.get("SourceArn") != new.get("SourceArn") or old.get("ArchiveName") != new.get("ArchiveName")
        if replaced:
            delete(physical_id, old)
            return create(logical_id, new, stack)
        return answer(update_archive(request(new, physical_id)), physical_id)

    def delete(physical_id: str, _props: Any) -> None:
        delete_archive({"ArchiveName": physical_id})

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
