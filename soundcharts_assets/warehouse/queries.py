"""SQL that is long enough to be read as SQL: the files under `sql`, by name."""

from functools import cache
from importlib import resources


@cache
def query(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
