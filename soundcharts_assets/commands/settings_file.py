"""Editing `soundcharts.yaml`, or a component's file: one chart more or one less, and every other byte as it was.

ruamel.yaml tells where things stand, and the text is cut there and nowhere else: to write the file anew would keep its
comments, but not its spacing, quotes and line ends. What comes out is read again before it is written; where it does
not say exactly what was meant, the file stays as it is.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from soundcharts_assets.settings.charts import ChartSettings
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.settings.reading import ATTRIBUTES, parse_settings

_INDENT = "  "
_PLAIN = re.compile(r"[A-Za-z][\w-]*", re.ASCII)


def read(path: Path) -> str:
    """Read the file with its line ends as they are; one that is not there is empty.

    Raises:
        SettingsError: It cannot be read.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error


def rewrite(path: Path, edit: Callable[[str], str]) -> None:
    """Put the edited text in place of the file at one stroke; its mode stays, and where it is a link, the link does.

    Args:
        path: The file, which need not be there yet.
        edit: Makes the new text of the old one.

    Raises:
        SettingsError: The file cannot be read or written, or `edit` says so. It is then what it was.
    """
    text = edit(read(path))
    target = path.resolve()
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, unfinished)
        unfinished.replace(target)
    except OSError as error:
        with suppress(OSError):  # what cannot be written cannot be removed either
            unfinished.unlink(missing_ok=True)
        raise SettingsError(f"{path}: cannot be written: {error}") from error


def with_chart(text: str, path: Path, chart: ChartSettings) -> str:
    """Return the text with a chart more, at the end of the list.

    Args:
        text: A settings file that does not name the chart.
        path: Where it is, for messages.
        chart: What to add.

    Raises:
        SettingsError: The text is wrong, or written in a way that cannot be edited without risk.
    """
    charts = (*parse_settings(text, path).charts, chart)
    return _checked(text, _insert(text, chart), path, charts, f"add {chart.slug} by hand")


def without_chart(text: str, path: Path, slug: str) -> str:
    """Return the text without a chart that it names. Arguments and errors are those of `with_chart`."""
    charts = parse_settings(text, path).charts
    named = [chart.slug if isinstance(chart, ChartSettings) else None for chart in charts]
    if slug not in named:
        raise SettingsError(f"{path}: charts: {slug} is not named there any more")
    index = named.index(slug)
    edited = _remove(text, index)
    return _checked(text, edited, path, (*charts[:index], *charts[index + 1 :]), f"remove {slug} by hand")


def _checked(old: str, new: str, path: Path, charts: Sequence[object], by_hand: str) -> str:
    """Return the new text if it says what the old one does, but for these charts."""
    meant = parse_settings(old, path).model_copy(update={"charts": tuple(charts)})
    try:
        said = parse_settings(new, path)
    except SettingsError:
        said = None
    if said != meant:
        raise SettingsError(f"{path}: charts: written in a way that cannot be edited without risk; {by_hand}")
    return new


def _insert(text: str, chart: ChartSettings) -> str:
    root = _compose(text)
    if not isinstance(root, MappingNode):
        return _append(text, len(text), chart, column=0)
    found = _find(root, "charts")
    if found is None:
        return _insert_key(text, root, chart)
    key, charts = found
    if isinstance(charts, SequenceNode):
        return (_insert_into_flow if charts.flow_style else _insert_into_block)(text, charts, chart)
    return _insert_for_nothing(text, root, key, charts, chart)


def _insert_key(text: str, root: MappingNode, chart: ChartSettings) -> str:
    if root.flow_style:
        here = root.start_mark.index + 1
        return text[:here] + f"charts: [{_inline(chart)}]{', ' if root.value else ''}" + text[here:]
    return _append(text, root.end_mark.index, chart, column=root.start_mark.column)


def _insert_for_nothing(text: str, root: MappingNode, key: Node, nothing: Node, chart: ChartSettings) -> str:
    """Put the first item below the key, above what may be commented out there."""
    start, end = nothing.start_mark.index, nothing.end_mark.index
    if root.flow_style:
        return f"{text[:start]}[{_inline(chart)}]{text[end:]}"
    if nothing.value:
        text = text[:start].rstrip(" ") + text[end:]  # a written null would stand in the list's way
    indent = _INDENT + " " * root.start_mark.column
    return _insert_line(text, key.end_mark.index, indent, chart, plain=False)


def _insert_into_block(text: str, charts: SequenceNode, chart: ChartSettings) -> str:
    last = charts.value[-1]
    line = _start_of_item(text, last)
    indent = text[line : text.index("-", line)]
    return _insert_line(text, _end(text, last), indent, chart, plain=isinstance(last, ScalarNode))


def _insert_into_flow(text: str, charts: SequenceNode, chart: ChartSettings) -> str:
    items = charts.value
    here = _end(text, items[-1]) if items else charts.end_mark.index - 1
    plain = not items or isinstance(items[-1], ScalarNode)
    return f"{text[:here]}{', ' if items else ''}{_inline(chart, plain=plain)}{text[here:]}"


def _insert_line(text: str, after: int, indent: str, chart: ChartSettings, *, plain: bool) -> str:
    """Put an item of a block list below the line that holds a position."""
    end = _end_of_line(text, after)
    newline = _newline(text)
    return text[:end] + newline + newline.join(_block(indent, chart, plain=plain)) + text[end:]


def _append(text: str, here: int, chart: ChartSettings, *, column: int) -> str:
    """Put the key, which is not there yet, behind the last one."""
    newline = _newline(text)
    indent = " " * column
    lines = [f"{indent}charts:", *_block(indent + _INDENT, chart, plain=False), ""]
    between = newline if here and text[here - 1] != "\n" else ""
    return text[:here] + between + newline.join(lines) + text[here:]


def _remove(text: str, index: int) -> str:
    found = _find(_compose(text), "charts")
    if found is None or not isinstance(found[1], SequenceNode):
        return text  # unreachable: the settings name the chart
    charts = found[1]
    item = charts.value[index]
    if charts.flow_style:
        return _remove_from_flow(text, charts.value, index)
    start = _start_of_item(text, item)
    end = text.find("\n", _end(text, item)) + 1 or len(text)
    return text[:start] + text[end:]


def _remove_from_flow(text: str, items: Sequence[Node], index: int) -> str:
    """Cut an item out together with one comma, and leave comments between it and its neighbour."""
    start, end = items[index].start_mark.index, items[index].end_mark.index
    if index + 1 < len(items):
        gap = text[end : items[index + 1].start_mark.index]
        end += len(gap)
    elif index:
        gap = text[items[index - 1].end_mark.index : start]
        start -= len(gap)
    else:
        comma = re.match(r"\s*,", text[end:])
        gap, end = "", end + (comma.end() if comma else 0)
    return text[:start] + (gap.replace(",", "", 1) if "#" in gap else "") + text[end:]


def _compose(text: str) -> Node | None:
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except YAMLError:
        return None  # `parse_settings` has said what is wrong
    if _find(node, "type") is None:
        return node
    # The file of a component: its settings stand below a key.
    attributes = _find(node, ATTRIBUTES)
    return attributes[1] if attributes is not None else node


def _find(root: Node | None, name: str) -> tuple[Node, Node] | None:
    pairs = root.value if isinstance(root, MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == name), None)


def _start_of_item(text: str, item: Node) -> int:
    """Start of the line that holds the dash of an item, which may stand above it."""
    start = text.rfind("\n", 0, item.start_mark.index) + 1
    while start and not text[start:].lstrip(" ").startswith("-"):
        start = text.rfind("\n", 0, start - 1) + 1
    return start


def _end(text: str, node: Node) -> int:
    """Where the last thing written of a node ends; block collections claim blank lines and comments that follow."""
    if isinstance(node, MappingNode) and not node.flow_style:
        key, value = node.value[-1]
        return max(_end(text, key), _end(text, value)) if value.value else _end(text, key)
    return len(text[: node.end_mark.index].rstrip())


def _end_of_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end - (text[end - 1] == "\r")


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _block(indent: str, chart: ChartSettings, *, plain: bool) -> list[str]:
    """A chart as an item of a block list, line by line."""
    pairs = _pairs(chart)
    if plain and len(pairs) == 1:
        return [f"{indent}- {_scalar(chart.slug)}"]
    return [f"{indent}{'- ' if number == 0 else '  '}{pair}" for number, pair in enumerate(pairs)]


def _inline(chart: ChartSettings, *, plain: bool = True) -> str:
    """A chart as an item of a flow list."""
    pairs = _pairs(chart)
    return _scalar(chart.slug) if plain and len(pairs) == 1 else f"{{{', '.join(pairs)}}}"


def _pairs(chart: ChartSettings) -> list[str]:
    """The keys of a chart that say something."""
    return [
        f"slug: {_scalar(chart.slug)}",
        *([] if chart.cascade else ["cascade: false"]),
        *([] if chart.history_days is None else [f"history_days: {chart.history_days}"]),
    ]


def _scalar(slug: str) -> str:
    """A slug such that YAML reads it as this text: words like null and anything unusual in quotes."""
    is_word = _PLAIN.fullmatch(slug) and YAML(typ="safe", pure=True).load(slug) == slug
    return slug if is_word else json.dumps(slug, ensure_ascii=False)
