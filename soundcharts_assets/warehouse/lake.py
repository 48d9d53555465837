"""The tables in a DuckLake: the catalogue in Postgres, the rows in Parquet files, for many processes and hosts.

Readers wait for nobody, and nobody waits for them. Writers go one after the other: two open transactions that insert
the same absent key would both commit, and on a catalogue in Postgres DuckLake misses other conflicts as well (ducklake
#1094). So whoever writes holds an advisory lock of the catalogue's database, and so does whoever asks Soundcharts. Both
end with the connection that holds them: when a process dies, and within a minute when its host does.

The rest of a warehouse is as in `connection`.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
from psycopg2.extensions import parse_dsn

from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.connection import Options, Warehouse, literal
from soundcharts_assets.warehouse.errors import UnstorableError, WarehouseError, WarehouseLockedError
from soundcharts_assets.warehouse.extensions import load
from soundcharts_assets.warehouse.lock import CallerLock
from soundcharts_assets.warehouse.tables import LAKE

_LOCKS = 0x50C4A275
"""First half of the key of our advisory locks, so that they meet nobody else's in that database."""
_CALLER, _WRITER = 1, 2
_LOOK_AGAIN_SECONDS = 0.25

# A host that vanishes is noticed within a minute, on both ends: until then it keeps its locks.
_SESSION: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "options": "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
    "-c idle_session_timeout=0",
}


class Lake(Warehouse):
    """The tables in one DuckLake. Safe to use from several threads, processes and hosts."""

    def __init__(
        self,
        catalogue: str,
        files: str,
        *,
        storage: Mapping[str, str] | None = None,
        beside: Path,
        memory_limit: str,
        lock_timeout_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remember where everything is; tables are made when they are first needed.

        Args:
            catalogue: How to reach the Postgres database of the catalogue, as libpq has it: `host=... dbname=...`.
            files: Where the Parquet files are: a folder, or the address of one in an object storage, `s3://...`.
            storage: What lets DuckDB into that storage, in the words of its secrets, such as KEY_ID and SECRET.
            beside: A local path; what waits to be stored lies beside it.
            memory_limit: Memory that DuckDB may use.
            lock_timeout_seconds: How long to wait for another writer, or for a catalogue that does not answer.
            sleep: Waits between two tries.
        """
        super().__init__(beside, memory_limit=memory_limit, lock_timeout_seconds=lock_timeout_seconds, sleep=sleep)
        where = parse_dsn(catalogue)
        self.name = f"the lake {where.get('dbname', '')} on {where.get('host', 'this machine')}"
        self._dsn = catalogue
        self._files = files
        self._storage = storage or {}
        self._locks = _Locks(catalogue, self.name)
        self._database: duckdb.DuckDBPyConnection | None = None
        self._turn = threading.RLock()
        self._turns = 0

    def is_made(self) -> bool:
        """Whether there are tables, as far as can be told without making any."""
        statement = "SELECT to_regclass('ducklake_table') IS NOT NULL"
        return bool(self._patiently(lambda: self._locks.ask(statement))[0][0])

    def caller_lock(self) -> CallerLock:
        """The lock that whoever asks Soundcharts on behalf of this lake holds, on whichever host."""
        return LakeCallerLock(self._locks)

    def options(self) -> Options:
        """What DuckDB is told when it is opened: without a file of its own it would spill into the present folder."""
        return {**super().options(), "temp_directory": f"{self.path}.tmp"}

    def attach(self, connection: duckdb.DuckDBPyConnection, name: str, *, read_only: bool) -> None:
        """Attach the tables to a connection of the caller's, under a name of the caller's.

        Raises:
            WarehouseError: They cannot be attached.
        """
        how = f"DATA_PATH {literal(self._files)}{', READ_ONLY' if read_only else ''}"
        try:
            load(connection, "ducklake", "postgres_scanner")
            if "://" in self._files:
                load(connection, "httpfs")
            if self._storage:
                known = {"SCOPE": self._files, **self._storage}
                told = ", ".join(f"{name} {literal(value)}" for name, value in known.items())
                connection.execute(f"CREATE OR REPLACE SECRET lake_files (TYPE s3, {told})")
            connection.execute(f"ATTACH {literal(f'ducklake:postgres:{self._dsn}')} AS {name} ({how})")
        except duckdb.Error as error:
            raise WarehouseError(f"{self.name} cannot be opened: {self.told(error)}") from None

    def maintain(self, older_than: datetime) -> dict[str, int]:
        """Put small files together and drop what no snapshot since an instant needs.

        Returns:
            How many files or snapshots each step dealt with. What is dropped now is removed from the storage by a later
            call, when nobody can be reading it any more.

        Raises:
            WarehouseError: It could not be done; nothing is lost then.
        """
        done = {}
        with self.writing(), self.connect() as connection:
            for step, argument in _MAINTENANCE.items():
                parameters = {"older_than": older_than} if argument else {}
                try:
                    found = connection.execute(f"CALL ducklake_{step}('{LAKE}'{argument})", parameters).fetchall()
                except duckdb.Error as error:
                    raise WarehouseError(f"{self.name}: {step} failed: {self.told(error)}") from None
                done[step] = len(found)
        return done

    def _was_removed(self) -> bool:
        return False

    def writing(self) -> AbstractContextManager[None]:
        """Keep other writers out for the length of a block, in this process and all others."""
        return self._in_turn()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._turn:
            if not self._turns:
                self._patiently(self._take_turn)
            self._turns += 1
            try:
                yield
            finally:
                self._turns -= 1
                if not self._turns:
                    self._locks.release(_WRITER)

    def _take_turn(self) -> None:
        if not self._locks.acquire(_WRITER):
            raise WarehouseLockedError(f"{self.name} is being written by {self._locks.holder(_WRITER)}")

    def _write(self, connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
        try:
            super()._write(connection, batch)
        except UnstorableError:
            raise
        except WarehouseError:
            self._forget()
            # Where the catalogue has gone, the batch is kept as if somebody held it.
            self._locks.ask("SELECT 1")
            raise

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._database is None:
            self._database = self._attach()
        connection = self._database.cursor()
        connection.execute(f"USE {LAKE}")
        return connection

    def _attach(self) -> duckdb.DuckDBPyConnection:
        self._locks.ask("SELECT 1")  # says what is wrong with the catalogue, and without its password
        self.path.parent.mkdir(parents=True, exist_ok=True)
        database = duckdb.connect(config=self.options())
        try:
            self.attach(database, LAKE, read_only=False)
        except WarehouseError:
            database.close()
            raise
        return database

    def _forget(self) -> None:
        """Attach anew next time; who uses the present connection goes on doing so."""
        self._database = None

    def redact(self, text: str) -> str:
        """A text, which may quote how catalogue and storage are reached, without any secret."""
        secrets = [parse_dsn(self._dsn).get("password"), *(self._storage.get(name) for name in _SECRET)]
        for secret in filter(None, secrets):
            text = text.replace(secret, "...")
        return text


_SECRET = ("SECRET", "SESSION_TOKEN")
_SINCE = ", older_than => $older_than"
_MAINTENANCE = {
    "flush_inlined_data": "",
    "expire_snapshots": _SINCE,
    "merge_adjacent_files": "",
    "rewrite_data_files": "",
    "cleanup_old_files": _SINCE,
    "delete_orphaned_files": _SINCE,
}
"""DuckLake's own functions in the order in which its documentation has them, and what each is told."""


class LakeCallerLock(CallerLock):
    """An advisory lock of the catalogue's database; it is freed with the connection."""

    def __init__(self, locks: "_Locks") -> None:
        """Remember where it is taken."""
        self._locks = locks

    @property
    def is_held(self) -> bool:
        """Whether this process holds it."""
        return self._locks.is_held(_CALLER)

    def _try(self) -> bool:
        return self._locks.acquire(_CALLER)

    def _wait(self) -> None:
        while not self._try():
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _release(self) -> None:
        self._locks.release(_CALLER)

    def _sign(self, who: str) -> None:
        self._locks.ask(
            "SELECT set_config('application_name', %s, false)",
            (_signed(who),),
        )

    def _holder(self) -> str:
        return self._locks.holder(_CALLER)


class _Locks:
    """Advisory locks of this process, on one connection of their own: they last as long as it does."""

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn = dsn
        self._name = name
        self._session: Any = None
        self._held: set[int] = set()
        self._one_at_a_time = threading.RLock()

    def is_held(self, lock: int) -> bool:
        """Whether this process holds the lock."""
        return lock in self._held

    def acquire(self, lock: int) -> bool:
        """Take a lock if it is free, and say whether it was."""
        with self._one_at_a_time:
            if lock in self._held or not self.ask("SELECT pg_try_advisory_lock(%s, %s)", (_LOCKS, lock))[0][0]:
                return False
            self._held.add(lock)
            return True

    def release(self, lock: int) -> None:
        """Let go of a lock, which may have been lost before."""
        with self._one_at_a_time:
            self._held.discard(lock)
            if self._session is not None:
                with suppress(WarehouseLockedError):  # then it went with the connection
                    self.ask("SELECT pg_advisory_unlock(%s, %s)", (_LOCKS, lock))

    def holder(self, lock: int) -> str:
        """What the holder of a lock says of itself; '' for nobody."""
        rows = self.ask(
            """
            SELECT activity.application_name
            FROM pg_locks AS locks
            JOIN pg_stat_activity AS activity USING (pid)
            WHERE locks.locktype = 'advisory' AND locks.granted AND activity.datname = current_database()
              AND locks.classid = %s AND locks.objid = %s
            """,
            (_LOCKS, lock),
        )
        return str(rows[0][0]) if rows else ""

    def ask(self, statement: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Ask the catalogue's database.

        Raises:
            WarehouseLockedError: It does not answer, or a lock was lost that somebody here still counts on.
        """
        with self._one_at_a_time:
            try:
                with self._connected().cursor() as cursor:
                    cursor.execute(statement, parameters)
                    return list(cursor.fetchall())
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                self.close()
                told = " ".join(str(error).split()) or "the connection was cut"
                raise WarehouseLockedError(f"the catalogue of {self._name} does not answer: {told}") from None

    def close(self) -> None:
        """Give up the connection, and every lock with it."""
        with self._one_at_a_time:
            if self._session is not None:
                self._session.close()
            self._session = None

    def _connected(self) -> Any:
        if self._session is None:
            if self._held:
                raise WarehouseLockedError(
                    f"the connection to the catalogue of {self._name} was lost, and a lock with it"
                )
            self._session = psycopg2.connect(self._dsn, application_name=_signed("soundcharts-assets"), **_SESSION)
            self._session.autocommit = True
        return self._session


def _signed(who: str) -> str:
    return f"{who} (process {os.getpid()} on {socket.gethostname()})"
