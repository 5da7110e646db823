"""How a key is declared: one dataclass field with everything that is known about it.

Parsing, validation, did-you-mean, ``explain``, the reference pages, the JSON schema and
completion all read these declarations; nothing about a key stands anywhere else but its
meaning (``passes.resolve`` and ``targets.services``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


class BadValue(ValueError):
    """A value that its type refuses.

    ``start`` and ``end`` are offsets inside the value, for the caret; ``hint`` replaces the
    key's example as help.
    """

    def __init__(self, message: str, start: int = 0, end: int | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.hint = hint


@dataclass(frozen=True, slots=True)
class ValueType(Generic[T]):
    """A kind of value: how it is parsed, said in words, and described to a JSON schema.

    ``parse`` takes the value's text and returns the typed value or raises :class:`BadValue`.
    """

    name: str
    form: str
    parse: Callable[[str], T]
    schema: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of an annotation, or one setting of ``.env``."""

    name: str
    type: ValueType[Any]
    summary: str
    example: str
    default: str
    repeat: bool
    mypaas: bool
    nested: bool
    read: str
    choices: tuple[str, ...]


def key(
    type: ValueType[T],  # noqa: A002 - the field's own vocabulary
    *,
    summary: str,
    example: str,
    default: str = "",
    repeat: bool = False,
    mypaas: bool = False,
    nested: bool = False,
    read: str = "build",
    value: Any = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a key as a dataclass field.

    ``default`` is the default in words, ``value`` the one in code. ``repeat`` keys collect
    a tuple. ``nested`` keys take a dotted path after their name. ``read`` says whether a
    setting is read at ``build`` or at ``up``.
    """
    metadata = {
        "key": {
            "type": type,
            "summary": summary,
            "example": example,
            "default": default,
            "repeat": repeat,
            "mypaas": mypaas,
            "nested": nested,
            "read": read,
            "choices": choices,
        },
    }
    return field(default=() if repeat else value, metadata=metadata)


def registry(owner: type[Any], spell: Callable[[str], str]) -> dict[str, Key]:
    """Return the keys that ``owner`` declares, by the name a user writes.

    ``spell`` turns a field's name into that name.
    """
    found: dict[str, Key] = {}
    for declared in fields(owner):
        if "key" in declared.metadata:
            name = spell(declared.name)
            found[name] = Key(name=name, **cast("dict[str, Any]", declared.metadata["key"]))
    return found
