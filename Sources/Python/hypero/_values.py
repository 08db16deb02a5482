"""Values of hyper-parameters and metadata, as the C library takes them."""

from __future__ import annotations

import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, SupportsIndex


#: The names that are no channels, because hypero uses them itself.
RESERVED = frozenset(("epoch", "source", "stated"))


def whole(name: str, number: SupportsIndex) -> int:
    """Returns the number of an argument."""
    try:
        return operator.index(number)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {number!r}") from None


def string(name: str, text: str) -> str:
    """Returns the text of an argument."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a str, not {text!r}")
    return text


def channel(name: str) -> str:
    """Returns the channel of a metric of another tool: its name, with _ after a name that hypero uses itself."""
    return f"{name}_" if name in RESERVED else name


def record(
    plain: Callable[[str, int | float | str], None], json: Callable[[str, str], None], values: dict[str, Any]
) -> None:
    """Records named values, each by one of two functions: for an int, a float or a text, and for JSON."""
    for name, value in values.items():
        value = simplified(value, name)
        if type(value) in (float, str) or type(value) is int and -(2**63) <= value < 2**63:
            plain(name, value)
        else:
            json(name, text(value, name))


def simplified(value: Any, name: str) -> Any:
    """Returns a value as None, a bool, an int, a float, a str, a list or a dict of these.

    Takes scalars and arrays of numpy and torch, paths, enumerations and tuples.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if hasattr(value, "tolist"):
        return simplified(value.tolist(), name)
    if isinstance(value, dict):
        return {str(key): simplified(item, name) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [simplified(item, name) for item in value]
    # Of enumerations the value, which str and int would not return.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__index__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    if hasattr(value, "__float__"):
        return float(value)
    raise TypeError(
        f"the value of {name!r} must be a number, a bool, a text, None, or a list or dict of these, not {value!r}. "
        f"Pass str(value)")


def text(value: Any, name: str) -> str:
    """Returns a value as JSON text."""
    import json

    try:
        return json.dumps(simplified(value, name), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise ValueError(f"the value of {name!r} must not contain nan, an infinity or itself: {value!r}") from error


def channels(given: Any, named: dict[str, Any]) -> dict[str, Any]:
    """Returns the items of an optional mapping and of keywords."""
    return {**dict(given), **named} if given is not None else named
