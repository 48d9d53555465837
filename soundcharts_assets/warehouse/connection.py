"""The DuckDB file: opening it for as long as a commit or a question takes, and waiting for whoever else holds it.

One process may hold the file for writing, and a reader keeps writers out too; so nobody holds it longer than needed.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from soundcharts_assets.warehouse import writes
from soundcharts_assets.warehouse.batch import Batch, Change, Mode
from soundcharts_assets.warehouse.schema import NewerSchemaError, prepare
from soundcharts_assets.warehouse.spool import Spool
from soundcharts_assets.warehouse.tables import FETCHES

SPOOL = "spool"
"""Subject in the ledger that names the spooled file which was stored last."""

_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


class WarehouseError(Exception):
    """The warehouse cannot be used. The message says what to do."""


class WarehouseLockedError(WarehouseError):
    """Another process held the file for longer than the bound."""


class UnstorableError(WarehouseError):
    """A batch holds a value that its table does not take. Nothing of the batch was written."""


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

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file, with tables and views in place, for the length of the block.

        Raises:
            WarehouseLockedError: Another process held it past the bound; the message names that process.
            WarehouseError: It cannot be made or written, is no DuckDB file, or is of a newer version.
        """
        with self._one_at_a_time:
            is_new = not self.path.exists()
            try:
                connection = self._retrying(self._open)
            except WarehouseLockedError:
                self._given_up = True  # what else is in hand is set aside at once, not after as long again
                raise
            self._given_up = False
        try:
            connection.execute("SET TimeZone = 'UTC'")
            with self._one_at_a_time:
                if is_new or not self._prepared:
                    self._prepare(connection)
                    self._prepared = True
            yield connection
        finally:
            with self._one_at_a_time:
                connection.close()

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
            with self.connect() as connection:
                self._write(connection, batch)
                if then is not None:
                    then(connection)
        except WarehouseLockedError as error:
            self._rehearse(batch)
            self.spool.put(batch)
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
                with self.connect() as connection:
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
            raise UnstorableError(_first_line(error)) from error
        except duckdb.Error as error:
            raise WarehouseError(f"the warehouse {self.path} cannot be written: {_first_line(error)}") from error

    def _prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        try:
            prepare(connection)
        except NewerSchemaError as error:
            raise WarehouseError(
                f"the warehouse {self.path} was written by a newer version of the program ({error}): "
                "update soundcharts-assets, or set SOUNDCHARTS_WAREHOUSE to another file"
            ) from None
        except duckdb.Error as error:
            raise WarehouseError(
                f"the tables of the warehouse {self.path} cannot be brought up to date, so nothing was changed: "
                f"{_first_line(error)}"
            ) from error

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return duckdb.connect(str(self.path), config={"memory_limit": self._memory_limit})
        except duckdb.IOException as error:
            holder = _HOLDER.search(str(error))
            if holder or "Could not set lock" in str(error):
                who = f"{Path(holder['program']).name} (process {holder['pid']})" if holder else "another process"
                raise WarehouseLockedError(f"the warehouse {self.path} is held by {who}") from None
            raise WarehouseError(f"the warehouse {self.path} cannot be opened: {_first_line(error)}") from None
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(f"the warehouse {self.path} cannot be used: {_first_line(error)}") from None


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


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
