"""The names of Optuna that hypero does not have: their alternatives, and classes that only keep their options."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any


def missing(owner: str, name: str, known: Iterable[str], alternatives: Mapping[str, str] | None = None) -> AttributeError:
    """Returns the error of a name that an object does not have, with the alternative or with similar names."""
    if alternatives and name in alternatives:
        return AttributeError(f"{owner} has no {name}: {alternatives[name]}")
    public = sorted({item for item in known if not item.startswith("_")})
    if name.startswith("_"):
        return AttributeError(f"{owner} has no {name}")
    import difflib

    near = difflib.get_close_matches(name, public, 3)
    return AttributeError(
        f"{owner} has no {name}. " + (f"Similar: {', '.join(near)}" if near else f"It has {', '.join(public)}"))


class Stub:
    """An object of a class of Optuna that hypero does not have. It keeps its options, and `create_study` warns of it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.__dict__.update(options)


class Namespace(types.ModuleType):
    """A module of Optuna: the classes and functions that hypero has, and stubs of others. Programs may import from it."""

    def __init__(
        self, name: str, members: Mapping[str, Any], stubs: Iterable[str] = (), alternatives: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(name)
        self.__dict__.update(members)
        self.__dict__.update({name: type(name, (Stub,), {}) for name in stubs})
        self._alternatives = alternatives
        sys.modules[name] = self

    def __getattr__(self, name: str) -> Any:
        raise missing(self.__name__, name, self.__dict__, self.__dict__.get("_alternatives"))
