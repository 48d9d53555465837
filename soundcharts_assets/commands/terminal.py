"""What may go to a terminal: texts of others, without the characters that a terminal obeys instead of showing them.

Where a text is put and in which colour does not belong here.
"""

import json
import re
from typing import Any

import typer
from rich.markup import escape

# Control characters old and new, breaks of line and paragraph, what turns the direction of writing, halves of pairs.
# Marks that join letters or emoji stay: names need them.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with such characters written out, as JSON does it."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(text: str) -> str:
    """A text for rich: to be shown as it is, and neither obeyed by the terminal nor taken for markup."""
    return escape(printable(text))


def say(text: str, *, is_error: bool = False) -> None:
    """Print a line."""
    typer.echo(printable(text), err=is_error)


def say_json(value: Any) -> None:
    """Print a JSON value on one line; a terminal would obey some characters that JSON leaves as they are."""
    typer.echo(printable(json.dumps(value, ensure_ascii=False)))
