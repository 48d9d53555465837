"""The version of the tables in a warehouse: recorded, brought up to date, or refused.

A new warehouse is made from `tables` as they are. One of an earlier version is first taken through `sql/migrations`,
where the file of a version holds what changed in tables that existed before; new tables need no file there. Whoever
changes `tables` raises `VERSION`; a test holds the two together.
"""

from hashlib import sha256

import duckdb

from soundcharts_assets.warehouse.queries import query
from soundcharts_assets.warehouse.specification import SCHEMA
from soundcharts_assets.warehouse.tables import SCHEMA_VERSIONS, TABLES, VIEWS

VERSION = 3
"""Version of the tables that this program reads and writes."""

_UNRECORDED = 1
"""Version of a warehouse with tables that does not say so: only the first one did not."""


class NewerSchemaError(Exception):
    """A later version of the program has changed the tables; this one would write them wrongly."""


def is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether tables and views are what this program expects, so that `prepare` would change nothing."""
    return version_of(connection) == VERSION and not _other_views(connection)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables and views what this program expects, in one transaction.

    Raises:
        NewerSchemaError: The tables are of a version that this program does not know.
        duckdb.Error: It could not be done. Nothing was changed.
    """
    recorded = version_of(connection)
    if recorded > VERSION:
        raise NewerSchemaError(f"its tables are of version {recorded}, this program knows them up to {VERSION}")
    connection.execute("BEGIN")
    try:
        if recorded < VERSION:
            _bring_up_to_date(connection, recorded)
        # Views are part of the code. Those that are as they should be are left: in a lake each change is a snapshot.
        for view, mark in _other_views(connection).items():
            connection.execute(query(view))
            connection.execute(f"COMMENT ON VIEW {SCHEMA}.{view} IS '{mark}'")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def version_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the version of the tables; 0 where there are none."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = $schema", {"schema": SCHEMA}
    ).fetchall()
    if not tables:
        return 0
    if (SCHEMA_VERSIONS.name,) not in tables:
        return _UNRECORDED
    row = connection.execute(f"SELECT max(version) FROM {SCHEMA_VERSIONS.qualified}").fetchone()
    return _UNRECORDED if row is None or row[0] is None else int(row[0])


def _other_views(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the views that are missing or were made by another version of the program, with how to mark them."""
    made = connection.execute(
        "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = $schema", {"schema": SCHEMA}
    ).fetchall()
    marks = {
        view: f"Made by soundcharts-assets of a text with the SHA-256 {sha256(query(view).encode()).hexdigest()}"
        for view in VIEWS
    }
    return {view: mark for view, mark in marks.items() if (view, mark) not in made}


def _bring_up_to_date(connection: duckdb.DuckDBPyConnection, recorded: int) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    if recorded:
        for version in range(recorded + 1, VERSION + 1):
            connection.execute(query(f"migrations/{version}"))
    for table in TABLES.values():
        connection.execute(table.ddl())
    # The database's own clock: for people, nothing is decided by it.
    connection.execute(f"INSERT INTO {SCHEMA_VERSIONS.qualified} VALUES ($version, now())", {"version": VERSION})
