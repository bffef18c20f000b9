"""Traces are kept in a few files, of which a killed process leaves all but the last line."""

from pathlib import Path

import pytest

from emulator import traces
from emulator.traces import Document, Traces, annotations, began, new_id, new_trace_id

ORDER = {"order_id": "ord_1"}


def document(trace_id: str, **more: object) -> Document:
    return {"trace_id": trace_id, "id": new_id(), "name": "x", "start_time": 1, "end_time": 2, **more}


def test_what_is_kept_is_found_by_a_later_process(tmp_path: Path) -> None:
    kept, other = document(new_trace_id(), annotations=ORDER), document(new_trace_id())
    first = Traces(tmp_path / "traces")
    for one in (kept, other):
        first.keep(one)
    later = Traces(tmp_path / "traces")
    assert later.of({kept["trace_id"]}) == [kept]
    assert later.annotated("order_id", "ord_1", 0, began(kept["trace_id"]) + 1) == [kept["trace_id"]]
    assert later.annotated("order_id", "ord_1", 0, 1) == []


def test_an_annotation_inside_a_segment_counts_and_a_text_elsewhere_does_not(tmp_path: Path) -> None:
    store, trace_id = Traces(tmp_path), new_trace_id()
    store.keep(document(trace_id, subsegments=[document(trace_id, annotations=ORDER)]))
    store.keep(document(new_trace_id(), metadata={"x": "ord_1"}))
    assert store.annotated("order_id", "ord_1", 0, 1e12) == [trace_id]


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "FILE_BYTES", 300)
    monkeypatch.setattr(traces, "FILES", 3)
    store, ids = Traces(tmp_path), [new_trace_id() for _ in range(20)]
    for trace_id in ids:
        store.keep(document(trace_id))
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    assert all(file.stat().st_size <= 300 for file in files)
    assert store.of({ids[-1]})
    assert not store.of({ids[0]})


def test_half_a_line_of_a_killed_process_is_skipped(tmp_path: Path) -> None:
    store, trace_id = Traces(tmp_path), new_trace_id()
    store.keep(document(trace_id))
    (file,) = tmp_path.iterdir()
    with file.open("a") as end:
        end.write(f'{{"trace_id":"{trace_id}","id":')
    later = Traces(tmp_path)
    later.keep(document(trace_id))
    assert len(later.of({trace_id})) == 2


def test_only_this_user_can_read_them(tmp_path: Path) -> None:
    Traces(tmp_path / "traces").keep(document(new_trace_id()))
    (file,) = (tmp_path / "traces").iterdir()
    assert oct(file.stat().st_mode)[-3:] == "600"
    assert oct(file.parent.stat().st_mode)[-3:] == "700"


def test_an_annotation_is_found_at_any_depth() -> None:
    nested = {"subsegments": [{"annotations": {"a": 1}, "subsegments": [{"annotations": {"a": 2}}]}]}
    assert list(annotations(nested, "a")) == [1, 2]
