"""What a warehouse holds, apart from when it was fetched and how often that was tried: the measure of every promise."""

from typing import Any

from soundcharts_assets.warehouse.tables import TABLES
from tests.conftest import Bench

_WHEN = {"fetched_at", "discovered_at", "seen_at", "unseen_at", "attempts", "not_before", "error"}

Contents = dict[str, list[tuple[Any, ...]]]


def contents(bench: Bench) -> Contents:
    """The rows of every table, sorted; counts of calls are left out, since failed ones count too."""
    found = {}
    for table in TABLES.values():
        if table.name == "api_calls":
            continue
        columns = ", ".join(name for name in table.names if name not in _WHEN)
        kept = "WHERE subject <> 'breaker'" if table.name == "fetches" else ""
        found[table.name] = bench.query(f"SELECT {columns} FROM {table.qualified} {kept} ORDER BY ALL")
    return found


def doubled(bench: Bench) -> dict[str, int]:
    """Keys that a table holds more than once, by table; empty where all is well."""
    found = {
        table.name: len(
            bench.query(f"SELECT 1 FROM {table.qualified} GROUP BY {', '.join(table.key)} HAVING count(*) > 1")
        )
        for table in TABLES.values()
    }
    return {name: count for name, count in found.items() if count}
