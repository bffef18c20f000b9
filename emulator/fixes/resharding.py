"""Shards that were split or merged away, and what they still hold.

AWS: a shard that was split, merged or replaced by UpdateShardCount is closed, not gone: its records stay readable until
they expire, and Lambda reads a shard only when it is through with the closed ones before it, so that a key keeps its
order (Kinesis Developer Guide, "After resharding"; Lambda Developer Guide, "Using Lambda with Kinesis").
Emulator: forgets the old shards with all that they hold, and UpdateShardCount gives their ids away again.
Fix: keep closed shards beside the open ones, number new shards on, and tell which closed shards come before a shard.
Left out: closed shards in ListShards, and iterators on them; only event source mappings read them.
Goes when: MiniStack keeps closed shards.
"""

from typing import Any

from emulator.patching import Function, module, original

type Stream = dict[str, Any]
type Shard = dict[str, Any]
_CLOSED = "closed_shards"


def apply() -> None:
    kinesis = module("services.kinesis")
    original(kinesis, "_resolve_stream", "data")
    for operation in ("_split_shard", "_merge_shards", "_update_shard_count"):
        setattr(kinesis, operation, _keeping(kinesis, original(kinesis, operation, "data")))


def shards(stream: Stream) -> dict[str, Shard]:
    """Closed shards and open ones."""
    return {**stream.get(_CLOSED, {}), **stream["shards"]}


def before(stream: Stream, shard_id: str) -> list[str]:
    """The closed shards that had some of this shard's keys before it."""
    shard = shards(stream)[shard_id]
    return [
        closed_id
        for closed_id, closed in stream.get(_CLOSED, {}).items()
        if closed_id < shard_id and _overlap(closed, shard)
    ]


def _keeping(kinesis: Any, operation: Function) -> Function:
    def reshard(data: dict[str, Any]) -> Any:
        stream = kinesis._resolve_stream(data)[1]
        old = dict(stream["shards"]) if stream else {}
        answer = operation(data)
        if stream:
            new = stream["shards"]
            stream.setdefault(_CLOSED, {}).update({key: one for key, one in old.items() if new.get(key) is not one})
            stream["shards"] = _numbered_on(new, old, stream[_CLOSED])
        return answer

    return reshard


def _numbered_on(new: dict[str, Shard], old: dict[str, Shard], closed: dict[str, Shard]) -> dict[str, Shard]:
    """The new shards, those among them whose ids are taken under fresh ones."""
    last = max(int(key.rpartition("-")[2]) for key in {**new, **old, **closed})
    numbered = {}
    for key, shard in new.items():
        if key in closed:
            last += 1
        numbered[f"shardId-{last:012d}" if key in closed else key] = shard
    return numbered


def _overlap(one: Shard, other: Shard) -> bool:
    return int(one["starting_hash_key"]) <= int(other["ending_hash_key"]) and int(other["starting_hash_key"]) <= int(
        one["ending_hash_key"]
    )
