"""The spool keeps files beside the warehouse, under any name, and never anywhere else."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.spool import Spool
from tests.warehouse.helpers import batch_of

NAMES = [
    "global-28",
    "a/b",
    "/etc/passwd",
    "..",
    "../../outside",
    "..\\outside",
    ".",
    ".hidden",
    "",
    " ",
    "it's",
    'say "hello"',
    "100%",
    "a%2Fb",
    "a?b=c&d#e",
    "two\nlines",
    "tab\tand\x00nul",
    "\u00e9",
    "e\u0301",
    "\u65e5\u672c",
    "\U0001f98a",
    "con",
    "*",
    "x.json",
    "x.part",
    "x" * 200,
]


def _batch(name: str) -> Batch:
    return batch_of(Change("artists", Mode.UPSERT, ("uuid", "name"), [("a", name)]))


def _around(folder: Path) -> list[Path]:
    """All files anywhere near the folder that are not in it."""
    return [path for path in folder.parent.rglob("*") if path.is_file() and path.parent != folder]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "in" / "warehouse.duckdb.spool")


def test_a_spool_makes_no_folder_before_something_is_kept(spool: Spool) -> None:
    assert spool.waiting() == []
    assert spool.note("poll", "global-28") is None
    spool.drop_note("poll", "global-28")
    assert not spool.folder.exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_note_is_kept_under_any_name_and_within_the_folder(spool: Spool, name: str) -> None:
    spool.put_note("poll", name, {"name": name})
    assert spool.note("poll", name) == {"name": name}
    assert [path.parent for path in spool.folder.parent.rglob("*.json")] == [spool.folder]
    assert _around(spool.folder) == []
    spool.drop_note("poll", name)
    assert spool.note("poll", name) is None
    assert list(spool.folder.iterdir()) == []


def test_names_that_differ_only_in_such_characters_are_different_notes(spool: Spool) -> None:
    alike = [*NAMES, "a_b", "a-b", "a.b", "a b", "a\\b", "a%252Fb", "...", "./", "it\u2019s"]
    for name in alike:
        spool.put_note("poll", name, name)
    assert [spool.note("poll", name) for name in alike] == alike
    assert len(list(spool.folder.iterdir())) == len(alike)
    spool.drop_note("poll", "a/b")
    assert [name for name in alike if spool.note("poll", name) is None] == ["a/b"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(), max_size=6))
@example({"../x": 1, "..%2Fx": 2})
def test_any_names_keep_what_was_last_put_under_them(spool: Spool, notes: dict[str, Any]) -> None:
    for name in notes:
        spool.put_note("poll", name, "earlier")
    for name, content in notes.items():
        spool.put_note("poll", name, content)
    assert {name: spool.note("poll", name) for name in notes} == notes
    assert _around(spool.folder) == []
    for name in notes:
        spool.drop_note("poll", name)
    assert not spool.folder.exists() or list(spool.folder.iterdir()) == []


def test_notes_of_different_kinds_do_not_meet(spool: Spool) -> None:
    spool.put_note("poll", "x", 1)
    spool.put_note("list", "x", 2)
    assert (spool.note("poll", "x"), spool.note("list", "x")) == (1, 2)


def test_a_note_is_replaced_as_a_whole(spool: Spool) -> None:
    spool.put_note("poll", "x", {"long": "y" * 10_000})
    spool.put_note("poll", "x", [])
    assert spool.note("poll", "x") == []
    assert len(list(spool.folder.iterdir())) == 1


def test_a_note_holds_what_json_holds(spool: Spool) -> None:
    content = {"text": "\U0001f98a\n\u2028", "numbers": [2**63, -1.5, 0], "nested": {"": [None, True]}}
    spool.put_note("poll", "x", content)
    assert spool.note("poll", "x") == content


def test_a_note_that_cannot_be_kept_leaves_the_earlier_one(spool: Spool) -> None:
    spool.put_note("poll", "x", "earlier")
    with pytest.raises(TypeError):
        spool.put_note("poll", "x", {1, 2})
    assert spool.note("poll", "x") == "earlier"


def test_batches_wait_in_the_order_they_came(spool: Spool) -> None:
    for number in range(20):
        spool.put(_batch(str(number)))
    waiting = [spool.read(path) for path in spool.waiting()]
    assert [change.rows for batch in waiting for change in batch] == [[("a", str(number))] for number in range(20)]


def test_notes_and_unfinished_files_are_no_batches(spool: Spool) -> None:
    spool.put(_batch("whole"))
    spool.put_note("poll", "batch-1", {})
    (spool.folder / "batch-00000000000000000001-1.1.part").write_text("[{", encoding="utf-8")
    assert [list(spool.read(path)) for path in spool.waiting()] == [list(_batch("whole"))]


def test_nothing_unfinished_is_left_once_a_file_is_written(spool: Spool) -> None:
    spool.put(_batch("whole"))
    spool.put_note("poll", "x", {})
    assert sorted(path.suffix for path in spool.folder.iterdir()) == [".json", ".json"]
    assert all(json.loads(path.read_text(encoding="utf-8")) is not None for path in spool.folder.iterdir())


def test_notes_of_different_names_may_be_kept_by_many_threads(spool: Spool) -> None:
    def keep(name: str) -> None:
        for number in range(5):
            spool.put_note("poll", name, number)

    threads = [threading.Thread(target=keep, args=(str(name),)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [spool.note("poll", str(name)) for name in range(4)] == [4] * 4
