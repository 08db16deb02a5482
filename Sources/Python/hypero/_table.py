"""Rows of queries as a table for people, in text and in HTML. The form may change."""

from __future__ import annotations

import datetime
import html
import json
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

#: A row, and the keys of a value in it.
_Row = dict[str, Any]
_Path = tuple[str, ...]

_MOST_ROWS, _MOST_COLUMNS, _MOST_NAMES = 100, 64, 8
_GAP = "  "
#: The width of a cell, and that of an id, a part of which is useless.
_WIDEST, _WIDEST_ID = 40, 64
#: Of experiments, the values beside the hyper-parameters and the maxima.
_OF_EXPERIMENTS = ("rank", "experiment", "battery", "value", "status", "epoch")
#: Of batteries, the most important first: a narrow terminal has no room for the last ones.
_OF_BATTERIES = (
    "name", "version", "description", "experiments", "best", "objective", "direction", "best_experiment", "updated", "id")
_IDS = ("experiment", "battery", "id", "best_experiment")
_TIMES = ("created", "updated", "started", "last_seen", "when")
#: Characters that move the cursor, look like other rows or make a text look like another one.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]")


class _Column(NamedTuple):
    title: str
    cells: list[str]
    is_numeric: bool
    widest: int


def text(rows: Sequence[_Row], width: int | None = None) -> str:
    """Returns the rows as lines within a width. None for that of the terminal, or for no limit if there is none."""
    if not rows:
        return "no rows"
    width = width or shutil.get_terminal_size((0, 0)).columns or None
    columns, constants, omitted = _table(rows)
    sizes = [min(max(map(_width, [column.title, *column.cells])), column.widest, width or _WIDEST_ID) for column in columns]
    while width and len(sizes) > 1 and sum(sizes) + len(_GAP) * (len(sizes) - 1) > width:
        sizes.pop()
    omitted = [column.title for column in columns[len(sizes):]] + omitted
    shown = list(zip(columns, sizes))
    lines = [_GAP.join(_padded(column.title, size, column.is_numeric) for column, size in shown)]
    for index in range(len(columns[0].cells)):
        lines.append(_GAP.join(_padded(column.cells[index], size, column.is_numeric) for column, size in shown))
    for remark in _remarks(rows, constants, omitted):
        lines += textwrap.wrap(remark, width, break_on_hyphens=False) if width else [remark]
    return "\n".join(line.rstrip() for line in lines)


def page(rows: Sequence[_Row]) -> str:
    """Returns the rows as a table of HTML."""
    if not rows:
        return "<p>no rows</p>"
    columns, constants, omitted = _table(rows)

    def line(tag: str, texts: list[str]) -> str:
        cells = (f'<{tag}{_STYLE if column.is_numeric else ""}>{html.escape(cell)}</{tag}>' for column, cell in zip(columns, texts))
        return f"<tr>{''.join(cells)}</tr>"

    body = (line("td", [column.cells[index] for column in columns]) for index in range(len(columns[0].cells)))
    remarks = (f"<p>{html.escape(remark)}</p>" for remark in _remarks(rows, constants, omitted))
    return "\n".join([
        "<table>", f"<thead>{line('th', [column.title for column in columns])}</thead>", "<tbody>", *body, "</tbody>", "</table>",
        *remarks])


_STYLE = ' style="text-align: right"'


def _table(rows: Sequence[_Row]) -> tuple[list[_Column], list[str], list[str]]:
    """Returns the columns, the hyper-parameters that are equal in all rows, and the titles of further columns."""
    shown = rows[:_MOST_ROWS]
    keys = dict.fromkeys(key for row in rows for key in row)
    constants: list[_Path] = []
    if "experiment" in keys and "params" in keys:
        paths, constants = _paths_of_experiments(rows, keys)
    elif "best_experiment" in keys:
        paths = [(key,) for key in _OF_BATTERIES if key in keys]
    else:
        paths = [path for key in keys for path in (_inner(rows, key) or [(key,)])]
    titles = _titles(paths + constants)
    texts = [f"{title} {_cells(shown[:1], path)[0][0]}" for path, title in zip(constants, titles[len(paths):])]
    columns = []
    for path, title in zip(paths[:_MOST_COLUMNS], titles):
        cells, is_numeric = _cells(shown, path)
        columns.append(_Column(title, cells, is_numeric, _WIDEST_ID if path[-1] in _IDS else _WIDEST))
    return columns, texts, titles[_MOST_COLUMNS:len(paths)]


def _paths_of_experiments(rows: Sequence[_Row], keys: dict[str, None]) -> tuple[list[_Path], list[_Path]]:
    fixed: list[_Path] = [(key,) for key in _OF_EXPERIMENTS if key in keys and (key != "battery" or _differs(rows, (key,)))]
    params = _inner(rows, "params")
    differing = [path for path in params if len(rows) == 1 or _differs(rows, path)]
    # The value has a column of its own.
    values = [_value(row, ("value",)) for row in rows]
    maxima = [path for path in _inner(rows, "maxima") if [_value(row, path) for row in rows] != values]
    # The values of the training data say least.
    maxima.sort(key=lambda path: path[-1] == "train")
    reason: list[_Path] = [("reason",)] if any(row.get("reason") for row in rows) else []
    return fixed + reason + differing + maxima, [path for path in params if path not in differing]


def _inner(rows: Sequence[_Row], key: str) -> list[_Path]:
    """Returns the paths of the values in the inner objects of a key."""
    return [(key, name) for name in sorted({name for row in rows if isinstance(row.get(key), dict) for name in row[key]})]


def _value(row: _Row, path: _Path) -> Any:
    value: Any = row
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _differs(rows: Sequence[_Row], path: _Path) -> bool:
    first = json.dumps(_value(rows[0], path), sort_keys=True, default=repr)
    return any(json.dumps(_value(row, path), sort_keys=True, default=repr) != first for row in rows)


def _titles(paths: list[_Path]) -> list[str]:
    """Returns the names of the values, after that of their object where two are equal."""
    short = [path[-1] for path in paths]
    return [_escaped(name if short.count(name) == 1 else ".".join(path)) for name, path in zip(short, paths)]


def _cells(rows: Sequence[_Row], path: _Path) -> tuple[list[str], bool]:
    """Returns the texts of a column, and whether it has numbers."""
    values = [_value(row, path) for row in rows]
    numbers = [value for value in values if _is_number(value)]
    is_time = len(path) == 1 and path[0] in _TIMES
    texts = iter(map(_time, numbers) if is_time else _numbers(numbers))
    cells = []
    for value in values:
        if value is None:
            cells.append("-")
        elif isinstance(value, str):
            cells.append(_escaped(value))
        elif _is_number(value):
            cells.append(next(texts))
        else:
            cells.append(_escaped(json.dumps(value, ensure_ascii=False, default=repr)))
    # JSON has no nan and no infinity: they are texts there.
    others = (value for value in values if not _is_number(value))
    return cells, bool(numbers) and all(value in (None, "nan", "inf", "-inf") for value in others)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _numbers(values: Sequence[float]) -> list[str]:
    """Returns numbers with six digits, or with more where two would look alike, or a fraction like a whole number."""
    digits = 6
    while True:
        texts = [_number(value, digits) for value in values]
        is_clear = not any(text.lstrip("-").isdecimal() and value % 1 for text, value in zip(texts, values))
        known = {value: text for text, value in zip(texts, values) if value == value}
        if digits == 17 or is_clear and len(set(known.values())) == len(known):
            return texts
        digits += 1


def _number(value: float, digits: int) -> str:
    return str(value) if isinstance(value, int) else min(repr(value), f"{value:.{digits}g}", key=len)


def _time(milliseconds: float) -> str:
    try:
        return f"{datetime.datetime.fromtimestamp(milliseconds // 1000):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)


def _remarks(rows: Sequence[_Row], constants: list[str], omitted: list[str]) -> list[str]:
    remarks = []
    if constants:
        remarks.append(f"same in all rows: {_listed([_cut(text, _WIDEST) for text in constants])}")
    if len(rows) > _MOST_ROWS:
        remarks.append(f"{len(rows) - _MOST_ROWS} more rows")
    if omitted:
        names = _listed([_cut(title, _WIDEST) for title in omitted])
        remarks.append(f"{'1 column' if len(omitted) == 1 else f'{len(omitted)} columns'} left out: {names}. to_pandas() has all")
    return remarks


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _width(text: str) -> int:
    return sum(map(_width_of, text)) if not text.isascii() else len(text)


def _width_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    kept = 0
    for index, character in enumerate(text):
        kept += _width_of(character)
        if kept > width - 1:
            return text[:index] + _ellipsis()
    return text


def _ellipsis() -> str:
    return "…" if "utf" in (getattr(sys.stdout, "encoding", None) or "").lower() else "~"


def _padded(text: str, width: int, is_numeric: bool) -> str:
    text = _cut(text, width)
    space = " " * (width - _width(text))
    return space + text if is_numeric else text + space
