"""Runs whose process was killed: found by a lock that the kernel freed, and closed so that nobody waits for them.

Dagster closes such a run within a second where the code server that started it is alive. Where that was killed as well,
or the machine, the run would hold its place in the queue and its chart for hours. So each run holds an operating-system
lock beside the warehouse, from its beginning to the end of its process: a run whose lock is there and free is dead. Who
cannot see the lock, on another machine, judges nothing. A run whose steps have processes of their own, as another
project's executor may want it, holds none: no step lives as long as the run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from soundcharts_assets.automation.busy import UNFINISHED
from soundcharts_assets.automation.tags import STARTED_BY, SYNC
from soundcharts_assets.refresh.refresher import Refresher

_KILLED = "The process of this run was killed; what it had fetched is stored."

_held: dict[Path, FileLock] = {}
"""The lock of the run that this process is at. A process is at one run after the other, and ends with the last."""


class RunLocks:
    """The locks of the runs that write to one warehouse, a file each, named by the run."""

    def __init__(self, warehouse: Path) -> None:
        """Remember where they are; the folder is made with the first."""
        self._folder = warehouse.with_name(f"{warehouse.name}.runs")

    def hold(self, run_id: str) -> None:
        """Say that this process is at a run, until it ends or is at another one.

        Nothing lets go before: what ends a run in Dagster's eyes comes after the last thing that we do in it. To say it
        twice changes nothing: `dg launch` makes the resources of a run once more to look at its result.
        """
        seen = self._folder / run_id
        if seen in _held:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        unseen = self._folder / f".{run_id}"
        lock = _lock(unseen)
        lock.acquire()
        # Others see the file once it is locked: a free one would pass for that of a dead run.
        unseen.replace(seen)
        while _held:
            _held.popitem()[1].release()
        _held[seen] = lock

    def killed(self, instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
        """Return the runs that pass for alive and whose process is not. Locks of finished runs are cleared away."""
        return [run for path in self._paths() for run in self._look(path, instance)]

    def close_killed(self, instance: dg.DagsterInstance) -> None:
        """Close them: as failed, so that Dagster starts them again, or as cancelled where somebody wanted that."""
        for path in self._paths():
            for run in self._look(path, instance):
                if run.status is dg.DagsterRunStatus.CANCELING:
                    instance.report_run_canceled(run, _KILLED)
                else:
                    instance.report_run_failed(run, _KILLED)
                path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[!.]*"))

    def _look(self, path: Path, instance: dg.DagsterInstance) -> Iterator[dg.DagsterRun]:
        """Yield the run of a lock, while the lock is here, if it is not finished although its process is gone."""
        with _if_free(path) as free:
            # Asked for after the lock was had: whatever the process had to say of the run is on record by then.
            run = instance.get_run_by_id(path.name) if free else None
            if run is not None and run.is_finished:
                path.unlink(missing_ok=True)
            elif run is not None:
                yield run


def close_killed_passes(instance: dg.DagsterInstance) -> None:
    """Close runs of passes that were killed. Only for who holds the caller's lock: then no other pass is alive."""
    for run in killed_passes(instance):
        instance.report_run_failed(run, _KILLED)


def killed_passes(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Return runs of passes that were killed. Only for who holds the caller's lock: then no other pass is alive."""
    return list(instance.get_runs(dg.RunsFilter(statuses=UNFINISHED, tags={STARTED_BY: SYNC})))


def close_orphans(instance: dg.DagsterInstance, refresher: Refresher) -> None:
    """Close all runs whose process was killed; those of passes, as far as nobody is asking Soundcharts now."""
    RunLocks(refresher.settings.warehouse_path).close_killed(instance)
    if killed_passes(instance):
        with refresher.if_idle("looking for killed passes") as idle:
            if idle:
                close_killed_passes(instance)


@contextmanager
def _if_free(path: Path) -> Iterator[bool]:
    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock(path: Path) -> FileLock:
    # Not local to a thread: steps may run in another one than that which began the run.
    return FileLock(path, thread_local=False)
