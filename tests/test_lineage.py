"""Where the columns of computed tables come from is what their SQL says, and so is what they are made from."""

import json
from pathlib import Path

import pytest
from sqlglot import exp, parse_one
from sqlglot.lineage import lineage

from soundcharts_assets.warehouse.insights import INSIGHTS, Insight
from soundcharts_assets.warehouse.tables import TABLES

ROOT = Path(__file__).parents[1]
SNAPSHOT = ROOT / "soundcharts_assets" / "assets" / "column_lineage.json"
SCHEMA = {"soundcharts": {table.name: {one.name: one.type for one in table.columns} for table in TABLES.values()}}


def sources_of(insight: Insight) -> dict[str, list[str]]:
    """The columns of other tables that each column is computed from, as sqlglot reads the query."""
    query = parse_one(insight.statement(), dialect="duckdb")
    found = {}
    for column in insight.table.names:
        node = lineage(column, query, schema=SCHEMA, dialect="duckdb")
        leaves = [leaf for leaf in node.walk() if isinstance(leaf.expression, exp.Table)]
        found[column] = sorted({f"{leaf.expression.name}.{leaf.name.rpartition('.')[2]}" for leaf in leaves})
    return found


def column_lineage() -> str:
    """The lineage of all computed tables, as the program reads it."""
    return json.dumps({insight.name: sources_of(insight) for insight in INSIGHTS.values()}, indent=1) + "\n"


def test_column_lineage_is_what_the_queries_say() -> None:
    assert column_lineage() == SNAPSHOT.read_text(encoding="utf-8"), "if this is meant, run: make snapshot"


@pytest.mark.parametrize("insight", INSIGHTS.values(), ids=INSIGHTS)
def test_a_computed_table_names_the_tables_that_its_query_reads(insight: Insight) -> None:
    query = parse_one(insight.statement(), dialect="duckdb")
    assert {table.name for table in query.find_all(exp.Table) if table.db == "soundcharts"} == set(insight.inputs)


def test_each_computed_table_comes_after_those_that_it_reads() -> None:
    names = list(INSIGHTS)
    for number, insight in enumerate(INSIGHTS.values()):
        assert not set(insight.inputs) & set(names[number:])
