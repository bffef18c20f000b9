"""Spreading what would be one key over several. A partition of DynamoDB takes 1,000 write units a second (Developer
Guide, "Best practices for designing partition keys"), and an index that takes no more throttles its table."""

import zlib
from collections.abc import Mapping, Sequence
from heapq import merge
from itertools import islice, repeat

type Row = Mapping[str, str]
type Position = tuple[str, str]
"""Where a merged page ended: a time, and which rows of that very time have been shown."""


def shard_of(id_: str, shards: int) -> int:
    """Returns the shard of an id: always the same one of that many."""
    return zlib.crc32(id_.encode()) % shards


def key_of(value: str, shard: int) -> str:
    """Returns a shard's key. The first one's is the value itself, so a single shard needs no other keys."""
    return f"{value}#{shard}" if shard else value


def keys_of(value: str, shards: int) -> list[str]:
    return [key_of(value, shard) for shard in range(shards)]


def shown(after: Position | None) -> dict[int, str]:
    """Returns, by shard, the last id of the position's own time that earlier pages have shown. Rows of one time have an
    order only within their shard. What is no such position says nothing of any shard."""
    ids: dict[int, str] = {}
    for part in after[1].split() if after else ():
        id_, _, shard = part.partition("@")
        if shard.isdecimal() or not shard:
            ids[int(shard or 0)] = id_
    return ids


def newest_of(shards: Sequence[Sequence[Row]], limit: int, *, time: str) -> list[tuple[int, Row]]:
    """Returns the newest rows of all shards, each with its shard. In each shard the newest rows come first. `time` is
    an attribute's name."""
    numbered = [zip(repeat(shard), rows) for shard, rows in enumerate(shards)]
    return list(islice(merge(*numbered, key=lambda found: found[1][time], reverse=True), limit))


def position(taken: Sequence[tuple[int, Row]], after: Position | None, *, time: str, id_: str) -> Position:
    """Returns where a page of these rows ends, which began at `after`."""
    ends_at = taken[-1][1][time]
    ids = shown(after) if after and after[0] == ends_at else {}
    ids |= {shard: row[id_] for shard, row in taken if row[time] == ends_at}
    return ends_at, " ".join(f"{id_}@{shard}" if shard else id_ for shard, id_ in sorted(ids.items()))
