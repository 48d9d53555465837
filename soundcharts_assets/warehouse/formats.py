"""Kinds of files that tables are exported to. Apart from `exporting`, so that the command line need not wait for it."""

from enum import StrEnum


class Format(StrEnum):
    """Kinds of files."""

    PARQUET = "parquet"
    CSV = "csv"
    EXCEL = "excel"

    @property
    def suffix(self) -> str:
        """How the names of such files end."""
        return ".xlsx" if self is Format.EXCEL else f".{self.value}"
