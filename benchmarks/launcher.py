"""Runs a command and writes what it took: `python -S -E launcher.py FILE COMMAND...`.

A process of its own, and a small one: Linux hands the peak memory of whoever starts a process on to that process, so
that the harness, which holds tables and a terminal, would be measured instead of a small contestant.

Belongs here: what the kernel counts. Does not belong here: any import beyond the standard library's smallest.
"""

import json
import os
import sys
import time

_MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Run the command of the arguments and write its figures as JSON; the instants are those of the machine's clock."""
    file, *command = sys.argv[1:]
    started = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    figures = {
        "started": started,
        "ended": time.monotonic(),
        "exit_code": os.waitstatus_to_exitcode(status),
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_memory_bytes": usage.ru_maxrss * _MEMORY_UNIT,
    }
    with open(file, "w", encoding="utf-8") as out:  # noqa: PTH123 - pathlib would be most of this process
        json.dump(figures, out)


if __name__ == "__main__":
    main()
