"""The tables: opening them for as long as a commit or a question takes, and waiting for whoever else holds them.

This is a warehouse in one DuckDB file. One process may hold the file for writing, and a reader keeps writers out too;
so nobody holds it longer than needed. What is different where the tables lie in a DuckLake is in `lake`.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, TypeVar

import duckdb
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from soundcharts_assets.warehouse import writes
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.errors import UnstorableError, WarehouseError, WarehouseLockedError
from soundcharts_assets.warehouse.lock import CallerLock, FileCallerLock
from soundcharts_assets.warehouse.schema import NewerSchemaError, is_current, prepare
from soundcharts_assets.warehouse.spool import Spool
from soundcharts_assets.warehouse.tables import FETCHES

SPOOL = "spool"
"""Subject in the ledger that names the spooled file which was stored last."""

_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


Held = TypeVar("Held")
Options: TypeAlias = dict[str, str | bool | int | float | list[str]]
"""What DuckDB is told when it is opened."""


# What DuckDB and pandas say of a value. A full disk or a lost file is another matter, and is not among these.
_UNSTORABLE = (
    duckdb.DataError,
    duckdb.IntegrityError,
    duckdb.InvalidInputException,
    ValueError,
    TypeError,
    OverflowError,
)


class Warehouse:
    """The tables in one DuckDB file. Safe to use from several threads of one process."""

    def __init__(
        self,
        path: Path,
        *,
        memory_limit: str,
        lock_timeout_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remember where the file is; it is opened, and made, when it is first needed."""
        self.path = path
        self.name = f"the warehouse {path}"
        """What errors call it."""
        self.spool = Spool(path.with_name(f"{path.name}.spool"))
        self._memory_limit = memory_limit
        self._prepared = False
        self._given_up = False
        # DuckDB refuses to open a file in one thread while another closes it.
        self._one_at_a_time = threading.Lock()
        is_past_bound = stop_after_delay(lock_timeout_seconds)
        self._retrying = Retrying(
            stop=lambda state: self._given_up or is_past_bound(state),
            wait=wait_exponential(multiplier=0.02, max=0.5),
            retry=retry_if_exception_type(WarehouseLockedError),
            sleep=sleep,
            reraise=True,
        )

    def is_made(self) -> bool:
        """Whether there are tables, as far as can be told without making any."""
        return self.path.exists()

    def caller_lock(self) -> CallerLock:
        """The lock that whoever asks Soundcharts on behalf of this warehouse holds."""
        return FileCallerLock(self.path)

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file, with tables and views in place, for the length of the block.

        Raises:
            WarehouseLockedError: Another process held it past the bound; the message names that process.
            WarehouseError: It cannot be made or written, is no DuckDB file, or is of a newer version.
        """
        with self._one_at_a_time:
            self._prepared = self._prepared and not self._was_removed()
            connection = self._patiently(self._open)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            if not self._prepared:
                if not self._is_current(connection):
                    with self.writing(), self._one_at_a_time:
                        self._prepare(connection)
                self._prepared = True
            yield connection
        except duckdb.OutOfMemoryException as error:
            told = f"{self.name} needs more memory than warehouse.memory_limit, {self._memory_limit}; raise it"
            raise WarehouseError(f"{told} ({self.told(error)})") from None
        finally:
            with self._one_at_a_time:
                connection.close()

    def options(self) -> Options:
        """What DuckDB is told when it is opened."""
        return {"memory_limit": self._memory_limit}

    def attach(self, connection: duckdb.DuckDBPyConnection, name: str, *, read_only: bool) -> None:
        """Attach the tables to a connection of the caller's, under a name of the caller's.

        Raises:
            WarehouseLockedError: Another process held them past the bound.
            WarehouseError: They cannot be attached.
        """

        def attempt() -> None:
            try:
                connection.execute(f"ATTACH {literal(str(self.path))} AS {name} {'(READ_ONLY)' if read_only else ''}")
            except duckdb.Error as error:
                raise self._unopened(error) from None

        self._patiently(attempt)

    def maintain(self, older_than: datetime) -> dict[str, int]:
        """Do what keeps it small and quick. A file needs nothing: DuckDB reuses what became free in it.

        Args:
            older_than: What was superseded before may be dropped.

        Returns:
            How many things each step dealt with.
        """
        del older_than
        return {}

    def probe(self) -> None:
        """Find out, before anything is paid for, whether it could be stored; wait for it, however it went before.

        Raises:
            WarehouseError: It could not.
        """
        self._given_up = False
        with self.connect():
            pass

    def commit(self, batch: Batch, then: Callable[[duckdb.DuckDBPyConnection], None] | None = None) -> None:
        """Write a batch, all of it or nothing.

        Args:
            batch: What to write; an empty one touches nothing.
            then: Called with the connection once the batch is written, to save opening the file again.

        Raises:
            UnstorableError: A value does not fit its table.
            WarehouseError: The file cannot be written.
            WarehouseLockedError: The file stayed locked; the batch now lies in the spool and is applied by `catch_up`.
        """
        if not batch.size:
            return
        try:
            with self.writing(), self.connect() as connection:
                self._write(connection, batch)
                if then is not None:
                    then(connection)
        except WarehouseLockedError as error:
            self._rehearse(batch)
            try:
                self.spool.put(batch)
            except OSError as failed:
                raise WarehouseError(
                    f"{error}, and the answers in hand could not be set aside in {self.spool.folder}: {failed}"
                ) from None
            raise WarehouseLockedError(
                f"{error}. The answers in hand were set aside in {self.spool.folder} and will be stored first next time"
            ) from None

    def catch_up(self) -> int:
        """Write what lies in the spool, oldest first, before anything is read. Returns how many batches that was."""
        self.spool.clear()
        waiting = self.spool.waiting()
        for path in waiting:
            try:
                batch = self.spool.read(path)
                with self.writing(), self.connect() as connection:
                    if not _is_stored(connection, path.name):
                        self._write(connection, _noting(path.name, batch.repeatable()))
            except (UnstorableError, ValueError, KeyError, TypeError) as error:
                reason = f"the spooled answers in {path} cannot be stored ({_first_line(error)}); move the file away"
                raise WarehouseError(reason) from error
            path.unlink()
        return len(waiting)

    def _rehearse(self, batch: Batch) -> None:
        """Write a batch into empty tables, since what no table takes would lie in the spool for ever.

        Raises:
            UnstorableError: A value does not fit its table.
        """
        with duckdb.connect(config={"memory_limit": self._memory_limit}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            prepare(connection)
            self._write(connection, batch)

    def _write(self, connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
        try:
            _in_transaction(connection, batch)
        except _UNSTORABLE as error:
            raise UnstorableError(self.told(error)) from None
        except duckdb.Error as error:
            raise WarehouseError(f"{self.name} cannot be written: {self.told(error)}") from None

    def _is_current(self, connection: duckdb.DuckDBPyConnection) -> bool:
        try:
            return is_current(connection)
        except duckdb.Error as error:
            raise WarehouseError(f"the tables of {self.name} cannot be read: {self.told(error)}") from None

    def _prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        try:
            prepare(connection)
        except NewerSchemaError as error:
            raise WarehouseError(
                f"{self.name} was written by a newer version of the program ({error}): "
                "update soundcharts-assets, or let SOUNDCHARTS_WAREHOUSE name another"
            ) from None
        except duckdb.Error as error:
            raise WarehouseError(
                f"the tables of {self.name} cannot be brought up to date, so nothing was changed: {self.told(error)}"
            ) from None

    def told(self, error: BaseException) -> str:
        """What an error says, in a line. The error itself is not chained to ours: it may quote secrets of a lake."""
        return self.redact(_first_line(error))

    def redact(self, text: str) -> str:
        """A text without what lets the program in. To a file nothing does."""
        return text

    def _patiently(self, attempt: Callable[[], Held]) -> Held:
        """Try for as long as somebody else is in the way, up to the bound."""
        try:
            held = self._retrying(attempt)
        except WarehouseLockedError:
            self._given_up = True  # what else is in hand is set aside at once, not after as long again
            raise
        self._given_up = False
        return held

    def _was_removed(self) -> bool:
        """Whether somebody took the tables away meanwhile, as people do with files."""
        return not self.path.exists()

    def writing(self) -> AbstractContextManager[None]:
        """Keep other writers out for the length of a block: who has a file open for writing does so anyway."""
        return nullcontext()

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return duckdb.connect(str(self.path), config=self.options())
        except duckdb.IOException as error:
            raise self._unopened(error) from None
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(f"{self.name} cannot be used: {_first_line(error)}") from None

    def _unopened(self, error: duckdb.Error) -> WarehouseError:
        holder = _HOLDER.search(str(error))
        if holder or "Could not set lock" in str(error):
            who = f"{Path(holder['program']).name} (process {holder['pid']})" if holder else "another process"
            return WarehouseLockedError(f"{self.name} is held by {who}")
        return WarehouseError(f"{self.name} cannot be opened: {_first_line(error)}")


def _noting(name: str, batch: Batch) -> Batch:
    """The batch of a spooled file, which also leaves in the ledger that this file was the last to be stored."""
    row = dict.fromkeys(FETCHES.names) | {"subject": SPOOL, "uuid": name, "status": "stored", "attempts": 0}
    batch.add([Change(FETCHES.name, Mode.REPLACE, tuple(row), [tuple(row.values())], parents=[(SPOOL,)])])
    return batch


def _is_stored(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether a spooled file was stored before, by a process that was killed before it could remove the file."""
    statement = "SELECT uuid FROM soundcharts.fetches WHERE subject = $subject AND uuid = $uuid"
    return connection.execute(statement, {"subject": SPOOL, "uuid": name}).fetchone() is not None


def _in_transaction(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    connection.execute("BEGIN")
    try:
        writes.apply(connection, batch)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def literal(text: str) -> str:
    """Quote a text where DuckDB's grammar takes no parameter: in ATTACH and LOAD."""
    return "'" + text.replace("'", "''") + "'"


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
