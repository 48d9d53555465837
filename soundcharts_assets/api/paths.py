"""Parts of an address: names that come from settings and answers, made safe to stand between two slashes."""

from urllib.parse import quote

from soundcharts_assets.api.errors import Malformed


def part(text: str) -> str:
    """Encode one part of a path.

    Raises:
        Malformed: It is a dot segment, which HTTP libraries resolve however it is encoded, and so another address.
    """
    if text in {"", ".", ".."}:
        raise Malformed(f"{text!r} cannot be part of an address")
    return quote(text, safe="")
