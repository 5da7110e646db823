"""A configuration of nginx as the tree of directives that nginx sees.

The rules are those of `ngx_conf_read_token`, so that a test can tell what a value has become:
one argument, several, or a directive of its own. Where nginx refuses a text, so does this:
`ConfigError` says where and why, in nginx's words. Only a word's length (4 kB) is not looked at.
tests/property/test_nginx_parse_against_nginx.py compares the two.

    parse(text)        the directives of one file; `include` is a directive like any other
    files(dump)        the same of each file that `nginx -T` prints
    expanded(dump)     the whole configuration, with every `include` replaced by what it names
    walk(directives)   every directive, with the blocks around it
    mapped(...)        the same tree with other words: what the tree should be for another value
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_SPACE = " \t\r\n"
_SEPARATOR = re.compile(r"# configuration file (/.*):")
# What a backslash may stand before; before anything else it is kept, as a backslash.
_ESCAPE = re.compile(r"\\([\"'\\trn])")
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n"}


class ConfigError(Exception):
    """The text is no configuration; the message says where and why."""


@dataclass(frozen=True)
class Directive:
    """One directive. Two are equal when they say the same, wherever they stand.

    `block` is None when the directive ends with a semicolon, else what stands in its braces.
    `file` and `line` tell where it ends; files of a dump count their own lines from 1.
    """

    name: str
    args: tuple[str, ...] = ()
    block: tuple[Directive, ...] | None = None
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


def parse(text: str, file: str = "") -> tuple[Directive, ...]:
    """Give the directives of one file; raise ConfigError where nginx would refuse its form."""
    (found,) = _Reader(text, file, dump=False).read().values()
    return found


def files(dump: str) -> dict[str, tuple[Directive, ...]]:
    """Give the files of what `nginx -T` prints on its standard output, in its order."""
    found = _Reader(dump, "", dump=True).read()
    if found.pop(""):
        raise ConfigError("the dump does not begin with the name of a file")
    return found


def expanded(dump: str) -> tuple[Directive, ...]:
    """Give the whole configuration of what `nginx -T` prints.

    A comment that looks like the beginning of a file in the dump is no way around this: a file
    that nothing includes, or that stands there twice, is an error.
    """
    found = files(dump)
    if not found:
        raise ConfigError("the dump has no file")
    main = next(iter(found))
    reached = {main}
    whole = _included(found[main], found, posixpath.dirname(main), reached, (main,))
    for name in found:
        if name not in reached:
            raise ConfigError(f"{name}: stands in the dump, but nothing includes it")
    return whole


def walk(
    directives: Iterable[Directive], around: tuple[Directive, ...] = ()
) -> Iterator[tuple[tuple[Directive, ...], Directive]]:
    """Give every directive with the directives whose blocks it stands in, outermost first."""
    for directive in directives:
        yield around, directive
        yield from walk(directive.block or (), (*around, directive))


def mapped(directives: Iterable[Directive], change: Callable[[str], str]) -> tuple[Directive, ...]:
    """Give the same tree with every name and argument replaced by what `change` makes of it."""
    return tuple(
        replace(
            directive,
            name=change(directive.name),
            args=tuple(change(word) for word in directive.args),
            block=None if directive.block is None else mapped(directive.block, change),
        )
        for directive in directives
    )


def _included(
    directives: Iterable[Directive],
    found: Mapping[str, tuple[Directive, ...]],
    folder: str,
    reached: set[str],
    within: tuple[str, ...],
) -> tuple[Directive, ...]:
    """Replace each `include`; `within` are the files that are being included around it."""
    whole: list[Directive] = []
    for directive in directives:
        if directive.block is not None:
            block = _included(directive.block, found, folder, reached, within)
            whole.append(replace(directive, block=block))
        elif directive.name != "include":
            whole.append(directive)
        elif len(directive.args) != 1:
            raise ConfigError(f'{directive.file}:{directive.line}: "include" takes one argument')
        else:
            for name in _named(posixpath.join(folder, directive.args[0]), found, directive):
                if name in within:
                    raise ConfigError(f"{directive.file}:{directive.line}: {name} includes itself")
                reached.add(name)
                whole += _included(found[name], found, folder, reached, (*within, name))
    return tuple(whole)


def _named(pattern: str, found: Iterable[str], directive: Directive) -> list[str]:
    """The files that an `include` names, in the order in which nginx reads them."""
    if not set(pattern) & set("*?["):
        if pattern not in found:
            raise ConfigError(f"{directive.file}:{directive.line}: {pattern} is not in the dump")
        return [pattern]
    return sorted(name for name in found if _matches(name, pattern))


def _matches(name: str, pattern: str) -> bool:
    """Match as glob(3) does: no wildcard stands for a slash, or for a dot at the beginning."""
    names, patterns = name.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(
        fnmatch.fnmatchcase(one, wanted) and (not one.startswith(".") or wanted.startswith("."))
        for one, wanted in zip(names, patterns, strict=True)
    )


@dataclass
class _Open:
    """A block whose brace has not come yet: the words before it and what it holds so far."""

    words: list[str]
    held: list[Directive] = field(default_factory=list)


class _Reader:
    """Reads one text from its beginning to its end."""

    def __init__(self, text: str, file: str, *, dump: bool) -> None:
        self.text, self.file, self.dump = text, file, dump
        self.at, self.line = 0, 1
        self.files: dict[str, tuple[Directive, ...]] = {}
        self.blocks = [_Open([])]

    def read(self) -> dict[str, tuple[Directive, ...]]:
        """Give the directives of each file; of the unnamed one what is before the first name."""
        while True:
            words, end = self._statement()
            if end == "{":
                self.blocks.append(_Open(words))
            elif end == ";":
                self._add(Directive(words[0], tuple(words[1:]), None, self.file, self.line))
            elif end == "}":
                if len(self.blocks) == 1:
                    raise self._error('unexpected "}"')
                done = self.blocks.pop()
                block = tuple(done.held)
                self._add(Directive(done.words[0], tuple(done.words[1:]), block, self.file, self.line))
            else:
                self._close_file()
                return self.files

    def _add(self, directive: Directive) -> None:
        self.blocks[-1].held.append(directive)

    def _close_file(self) -> None:
        if len(self.blocks) > 1:
            raise self._error('unexpected end of file, expecting "}"')
        if self.file in self.files:
            raise self._error("stands in the dump twice")
        self.files[self.file] = tuple(self.blocks[0].held)
        self.blocks = [_Open([])]

    def _statement(self) -> tuple[list[str], str]:
        """Read to the end of a statement: its words, and the mark that ended it or nothing."""
        words: list[str] = []
        while True:
            self._space()
            mark = self._peek()
            if mark == "":
                if words:
                    raise self._error('unexpected end of file, expecting ";" or "}"')
                return words, ""
            if mark == "#":
                self._comment(between=not words)
            elif mark in ";{}":
                # A brace closes only between statements, the others only end one.
                if bool(words) == (mark == "}"):
                    raise self._error(f'unexpected "{mark}"')
                self._step()
                return words, mark
            elif mark in "\"'":
                words.append(self._quoted(mark))
            else:
                words.append(self._bare())

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _step(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        self.line += char == "\n"
        return char

    def _space(self) -> None:
        while self._peek() and self._peek() in _SPACE:
            self._step()

    def _comment(self, *, between: bool) -> None:
        """Pass over a comment; in a dump, between statements, it may begin a file."""
        alone = self.at == 0 or self.text[self.at - 1] == "\n"
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        begins = _SEPARATOR.fullmatch(self.text, self.at, end)
        self.at = end
        if self.dump and between and alone and begins and len(self.blocks) == 1:
            self._close_file()
            self.file, self.line = begins[1], 0  # the end of this line begins line 1

    def _quoted(self, quote: str) -> str:
        """Read a word in quotes; what follows it must end it."""
        self._step()
        start = self.at
        while (char := self._step()) != quote:
            if char == "\\":
                char = self._step()
            if char == "":
                raise self._error('unexpected end of file, expecting ";" or "}"')
        word = _unescaped(self.text[start : self.at - 1])
        after = self._peek()
        if after and after not in _SPACE + ";{)":  # `if ($a = "b")`
            raise self._error(f'unexpected "{after}"')
        return word

    def _bare(self) -> str:
        """Read a word without quotes; quotes inside it are part of it, and so are braces after `$`."""
        start, variable = self.at, False
        while (char := self._peek()) != "":
            if not (variable and char == "{"):
                if char in _SPACE + ";{":
                    return _unescaped(self.text[start : self.at])
                variable = char == "$"
            self._step()
            if char == "\\":
                self._step()
        raise self._error('unexpected end of file, expecting ";" or "}"')

    def _error(self, what: str) -> ConfigError:
        return ConfigError(f"{self.file}:{self.line}: {what}" if self.file else f"line {self.line}: {what}")


def _unescaped(word: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), word)
