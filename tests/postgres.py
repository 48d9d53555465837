"""A real Postgres server for tests: a cluster in a folder of its own, on the loopback, ended with the tests.

Postgres refuses to run as root, so where the tests do, the server runs as another user of the machine.
"""

import getpass
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn

_PROGRAMS = Path("/usr/lib/postgresql")
_OTHER_USERS = ("postgres", "nobody")


class Postgres:
    """A running server."""

    def __init__(self, folder: Path, user: str | None, port: int) -> None:
        self._folder = folder
        self._user = user
        self._numbers = itertools.count(1)
        self.port = port

    def database(self) -> str:
        """Make a new, empty database and return how libpq reaches it."""
        name = f"test_{next(self._numbers)}"
        self.run("postgres", f"CREATE DATABASE {name}")
        return self.dsn(name)

    def dsn(self, name: str) -> str:
        """How libpq reaches a database."""
        return f"host=127.0.0.1 port={self.port} user=tests dbname={name}"

    @staticmethod
    def as_environment(dsn: str) -> dict[str, str]:
        """The variables by which `deploy/dagster.yaml` finds a database."""
        parts = parse_dsn(dsn) | {"password": "not-asked-for"}
        names = {"host": "HOST", "port": "PORT", "dbname": "DB", "user": "USER", "password": "PASSWORD"}
        return {f"DAGSTER_POSTGRES_{name}": parts[part] for part, name in names.items()}

    def run(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """Carry a statement out, outside a transaction."""
        connection = psycopg2.connect(self.dsn(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def dump(self, dsn: str, path: Path) -> None:
        """Write a database into a file, as people back it up."""
        subprocess.run([_program("pg_dump"), "--dbname", dsn, "--file", str(path)], check=True)

    def restore(self, path: Path, dsn: str) -> None:
        """Read such a file into an empty database."""
        command = [_program("psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(path), "--dbname", dsn]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        # No Unix socket: its folder may belong to somebody else. Nothing here outlives a power cut, so nothing waits
        # for the disk.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._control("start", "-o", options, "-l", str(self._folder / "log"))

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        self._control("stop", "-m", "immediate")

    def initialise(self) -> None:
        """Make the cluster."""
        self._call("initdb", "-D", str(self._folder / "data"), "-A", "trust", "-U", "tests")

    def _control(self, *arguments: str) -> None:
        self._call("pg_ctl", "-D", str(self._folder / "data"), "-w", *arguments)

    def _call(self, program: str, *arguments: str) -> None:
        # Output goes nowhere: a server keeps a pipe open that it was started with.
        subprocess.run(
            [_program(program), *arguments],
            cwd=self._folder,
            user=self._user,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def is_installed() -> bool:
    """Whether there is a Postgres to run."""
    return _PROGRAMS.is_dir() or shutil.which("initdb") is not None


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server for the length of the block."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        server = Postgres(folder, user, free_port())
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _user() -> str | None:
    """Whom it runs as, None for whoever runs the tests."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _OTHER_USERS if name in known and name != getpass.getuser())


def _program(name: str) -> str:
    found = shutil.which(name) or max(map(str, _PROGRAMS.glob(f"*/bin/{name}")))
    return str(found)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
