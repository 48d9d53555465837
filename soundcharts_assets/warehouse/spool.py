"""Files beside the warehouse for what was paid for and is not stored yet: batches that found it locked, and polls.

A file appears whole or not at all. What is in the files is the business of `batch` and of whoever polls.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from soundcharts_assets.warehouse.batch import Batch

_LONGEST_NAME = 120
_UNFINISHED = ".part"
_LEFT_BEHIND_SECONDS = 3600.0
"""No write takes so long: who began a file that is unfinished for longer was killed."""


class Spool:
    """A folder of files, each written once and removed when its content is in the tables."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; it is made when it is first needed."""
        self.folder = folder

    def put(self, batch: Batch) -> None:
        """Keep a batch."""
        _write(self.folder / f"batch-{time.time_ns():020d}-{os.getpid()}.json", batch.to_json())

    def waiting(self) -> list[Path]:
        """Files of batches, oldest first."""
        return sorted(self.folder.glob("batch-*.json"))

    def clear(self) -> None:
        """Remove what processes that were killed had begun to write. Nothing of it was ever counted on."""
        begun_before = time.time() - _LEFT_BEHIND_SECONDS
        for path in self.folder.glob(f"*{_UNFINISHED}"):
            with suppress(FileNotFoundError):  # a slow writer ended, or somebody else clears as well
                if path.stat().st_mtime < begun_before:
                    path.unlink()

    def read(self, path: Path) -> Batch:
        """Read the batch of a file."""
        return Batch.from_json(path.read_text(encoding="utf-8"))

    def put_note(self, kind: str, name: str, content: Any) -> None:
        """Keep a JSON value under a name of the caller's, replacing what was kept there."""
        _write(self._note(kind, name), json.dumps(content))

    def note(self, kind: str, name: str) -> Any:
        """Return the JSON value kept under that name, None where there is none."""
        try:
            return json.loads(self._note(kind, name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def drop_note(self, kind: str, name: str) -> None:
        """Forget what was kept under that name, if anything."""
        self._note(kind, name).unlink(missing_ok=True)

    def _note(self, kind: str, name: str) -> Path:
        # A name may hold anything, slashes and dots included; a quoted one is a plain file name, if it is not too long.
        quoted = quote(name, safe="").replace(".", "%2E")
        if len(quoted) > _LONGEST_NAME:
            quoted = f"{quoted[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()}"
        return self.folder / f"{kind}-{quoted}.json"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}{_UNFINISHED}")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
