"""Which port a Dockerfile's process listens on for HTTP, where that is certain.

EXPOSE tells it, or a base image or a command whose default is documented. A guess would be
worse than nothing: the frontend would answer 502 and nobody would know why.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from composegen.keys.values import MAX_PORT
from composegen.passes.scan import final_chain

if TYPE_CHECKING:
    from collections.abc import Callable

    from composegen.passes.scan import Command, Scanned, Stage

# What these ports speak is no HTTP: databases, brokers, mail, remote shells.
_OTHER = frozenset(
    {21, 22, 25, 53, 110, 143, 389, 465, 587, 993, 995, 1433, 1521, 1883, 3306, 4222, 5432, 5672, 6379, 6432}
    | {7687, 8883, 9042, 9092, 11211, 26257, 27017}
)
_BASES = {"nginx": 80, "httpd": 80, "caddy": 80, "nginx-unprivileged": 8080}
_RUNNERS = frozenset({"uv", "poetry", "pipenv", "pdm", "hatch", "bundle"})
_WRAPPERS = frozenset({"exec", "tini", "dumb-init", "npx", "su-exec", "gosu"})
_SHELL = frozenset("&|;<>`$(){}*")


def http_port(scanned: Scanned) -> int | None:
    """Return the port, or None when nothing tells it or it speaks something else."""
    chain = final_chain(scanned)
    exposed = _exposed(chain)
    if len(exposed) == 1:
        return exposed[0] if exposed[0] not in _OTHER else None
    told = _by_environment(chain) or _by_command(chain)
    if exposed:
        return told if told in exposed else None
    return told or _by_base(scanned, chain)


def _exposed(chain: tuple[Stage, ...]) -> list[int]:
    found = {e.port for stage in chain for e in stage.exposes if e.port is not None and e.protocol == "tcp"}
    return sorted(found)


def _by_base(scanned: Scanned, chain: tuple[Stage, ...]) -> int | None:
    """Return the port of a well-known web server's image that runs its own command."""
    base = chain[-1].base if chain else None
    if base is None or (not scanned.only_from and any(s.cmd or s.entrypoint for s in chain)):
        return None
    name = posixpath.basename(base.partition("@")[0]).partition(":")[0]
    return _BASES.get(name)


def _by_environment(chain: tuple[Stage, ...]) -> int | None:
    for stage in chain:
        if stage.env.get("PORT"):
            return _number(stage.env["PORT"])
    return None


def _by_command(chain: tuple[Stage, ...]) -> int | None:
    words: list[str] = []
    entrypoint = next((s.entrypoint for s in chain if s.entrypoint), None)
    command = next((s.cmd for s in chain if s.cmd), None)
    for part in (entrypoint, command):
        split = _words(part)
        if split is None:
            return None
        words += split
    return port_of(words)


def _words(command: Command | None) -> list[str] | None:
    """Return a command's words; None when a shell would make something else of them."""
    if command is None:
        return []
    if not isinstance(command, str):
        return list(command)
    if _SHELL & set(command):
        return None
    try:
        return shlex.split(command)
    except ValueError:
        return None


def port_of(words: list[str]) -> int | None:
    """Return the port that a command line listens on, if it is one that is known."""
    rest = _unwrapped(words)
    if not rest:
        return None
    name = posixpath.basename(rest[0])
    known = _COMMANDS.get(name)
    if known is not None:
        return known(rest[1:])
    if re.fullmatch(r"python[0-9.]*", name):
        return _python(rest[1:])
    return None


def _unwrapped(words: list[str]) -> list[str]:
    """Cut what only starts another command: ``exec``, ``tini --``, ``poetry run``."""
    while words:
        name = posixpath.basename(words[0])
        if name in _RUNNERS and words[1:2] in (["run"], ["exec"]):
            words = words[2:]
        elif name in _WRAPPERS:
            skip = 2 if name in {"su-exec", "gosu"} else 1
            words = words[skip:]
            while words and words[0].startswith("-"):
                words = words[1:]
        else:
            break
    return words


def _python(arguments: list[str]) -> int | None:
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        if arguments[1] == "http.server":
            plain = [a for a in arguments[2:] if a.isdigit()]
            return _number(plain[0]) if plain else 8000
        return port_of(arguments[1:])
    if arguments[:1] and posixpath.basename(arguments[0]) == "manage.py":
        return _django(arguments[1:])
    return None


def _django(arguments: list[str]) -> int | None:
    if arguments[:1] != ["runserver"]:
        return None
    plain = [a for a in arguments[1:] if not a.startswith("-")]
    return _number(plain[0].rpartition(":")[2]) if plain else 8000


def _option(arguments: list[str], *names: str) -> str | None:
    """Return the value of an option, written ``--name value``, ``--name=value`` or ``-nvalue``."""
    found = None
    for index, word in enumerate(arguments):
        for name in names:
            if word == name:
                found = arguments[index + 1] if index + 1 < len(arguments) else ""
            elif word.startswith(f"{name}=") or (len(name) == len("-p") and word.startswith(name)):
                found = word[len(name) :].lstrip("=")
    return found


def _with_option(default: int | None, *names: str) -> Callable[[list[str]], int | None]:
    def read(arguments: list[str]) -> int | None:
        value = _option(arguments, *names)
        return default if value is None else _number(value.rpartition(":")[2])

    return read


def _sub(word: str, read: Callable[[list[str]], int | None]) -> Callable[[list[str]], int | None]:
    """Return a reader for a command whose first plain word has to be ``word``."""

    def check(arguments: list[str]) -> int | None:
        return read(arguments) if word in arguments else None

    return check


def _number(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return int(text) if 1 <= int(text[:6]) <= MAX_PORT else None


_COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "gunicorn": _with_option(8000, "-b", "--bind"),
    "uvicorn": _with_option(8000, "--port"),
    "hypercorn": _with_option(8000, "-b", "--bind"),
    "daphne": _with_option(8000, "-p", "--port"),
    "waitress-serve": _with_option(8080, "--port", "--listen"),
    "flask": _sub("run", _with_option(5000, "-p", "--port")),
    "fastapi": _with_option(8000, "--port"),
    "django-admin": _django,
    "rails": _sub("server", _with_option(3000, "-p", "--port")),
    "puma": _with_option(9292, "-p", "--port"),
    "next": _sub("start", _with_option(3000, "-p", "--port")),
    "streamlit": _sub("run", _with_option(8501, "--server.port")),
}
