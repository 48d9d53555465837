"""What a table and a view are to this program: columns with types and meanings, a grain, a key.

The tables themselves are in `tables`, those that are computed from others in `insights`.
"""

from dataclasses import dataclass

SCHEMA = "soundcharts"


@dataclass(frozen=True)
class Column:
    """A column: its DuckDB type, its meaning in one sentence, and whether it may be null."""

    name: str
    type: str
    meaning: str
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """A table: its grain in one sentence and the columns that make a row unique."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def qualified(self) -> str:
        """Name with schema."""
        return f"{SCHEMA}.{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    def ddl(self) -> str:
        """CREATE TABLE without PRIMARY KEY: it halves write speed and DuckLake has none; writes keep keys unique."""
        columns = ",\n  ".join(
            f"{column.name} {column.type}{'' if column.nullable else ' NOT NULL'}" for column in self.columns
        )
        return f"CREATE TABLE IF NOT EXISTS {self.qualified} (\n  {columns}\n)"


def key_column(name: str, type_: str, meaning: str) -> Column:
    """Return a column that is never null, as those of a key are."""
    return Column(name, type_, meaning, nullable=False)


@dataclass(frozen=True)
class View:
    """A view: its grain in one sentence, and its columns as a query of it gives them."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
