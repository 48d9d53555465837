"""The file that tells others by how much the sandbox's days are ahead, so that a program can follow them.

Belongs here: how the file is written. Does not belong here: when days go by (`endpoints`), who reads it.
"""

import os
from datetime import timedelta
from pathlib import Path


def tell_shift(path: Path, ahead: timedelta) -> None:
    """Write the seconds; a reader meets the old figure or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(f"{ahead.total_seconds():.0f}\n", encoding="utf-8")
    draft.replace(path)
