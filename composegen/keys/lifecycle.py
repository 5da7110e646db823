"""Value types of a service's life: scale, probes, start order, builds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from composegen import text
from composegen.keys.spec import BadValue, ValueType
from composegen.keys.values import MAX_PORT, count, name, no_references, number, to_seconds, with_references
from composegen.keys.values import port as port_number

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

T = TypeVar("T")
COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
MAX_NAME = 48
_SCALE = re.compile(r"(\d{1,4})(?:\s+(safe|roll))?\Z", re.ASCII)
_BUILD_OPTION = re.compile(r"(?:(?<=\s)|\A)(target|platform)=(\S+)\Z")
_STRAY_OPTION = re.compile(
    r"\A(?P<before>(?:target|platform)=\S+)"
    r"|\s(?:target|platform)=\S+\s+(?P<behind>(?!(?:target|platform)=\S)\S+)"
    r"|(?<!\S)(?P<unknown>(?!(?:target|platform)=\S)[a-z-]+=\S*)"
)
"""What stands before the folder, or behind an option and is none, or looks like an option."""
_PROBE_PORT = re.compile(r"(?<!\S)port=(\S+)")
_PROBE_PATH = re.compile(r"[A-Za-z0-9._~!&'()*+,;=:@/?%-]*\Z")
CONDITIONS = {
    "started": "service_started",
    "healthy": "service_healthy",
    "completed": "service_completed_successfully",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """``replicas`` 0 means non-scaling: the old container stops before the new one starts.

    ``roll`` is True where the word stands; without it one replica with a host port stops first.
    """

    replicas: int
    safe: bool
    roll: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A probe: ``kind`` is http, tcp, cmd or off. Times are seconds; None means the default."""

    kind: str
    path: str = ""
    command: str = ""
    port: int | None = None
    interval: Decimal | None = None
    timeout: Decimal | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class Startup:
    """How a slow start is watched: a path, a port if it is another, and a budget in seconds."""

    path: str
    port: int | None
    budget: Decimal | None


@dataclass(frozen=True, slots=True)
class Depends:
    """A service that has to be there first, and in which state."""

    service: str
    condition: str


@dataclass(frozen=True, slots=True)
class Build:
    """Where an image is built: a folder relative to the Dockerfile."""

    context: str
    target: str | None
    platform: str | None


def service(value: str) -> str:
    """Parse a service's name; with the project's before it, it is a name in the DNS."""
    name(value)
    if len(value) > MAX_NAME:
        raise BadValue(
            f"the name has {len(value)} characters",
            0,
            None,
            f"{MAX_NAME} are possible: PROJECT-SERVICE has to be a label of the DNS, which has 63",
        )
    return value


def scale(value: str) -> Scale:
    """Parse ``N``, ``N safe`` or ``N roll``."""
    no_references(value)
    match = _SCALE.match(value)
    if match is None:
        raise BadValue(f"expected a number, with safe or roll after it, found {value!r}")
    if int(match[1]) == 0 and match[2]:
        raise BadValue(f"{match[2]} needs at least one replica", match.start(2), match.end(2))
    return Scale(int(match[1]), match[2] == "safe", match[2] == "roll")


def lax_scale(value: str) -> Scale:
    """Parse MyPaas's scale: the words safe and roll anywhere, a number of 0 or less is none."""
    rest = value.replace("safe", "").replace("roll", "").strip()
    if not re.fullmatch(r"[+-]?\d{1,4}", rest, re.ASCII):
        raise BadValue(f"expected a number, with safe or roll, found {value!r}")
    replicas = max(0, int(rest))
    roll = "roll" in value
    return Scale(replicas, bool(replicas) and "safe" in value and not roll, bool(replicas) and roll)


def check(value: str) -> Check:
    """Parse a healthcheck or a liveness check."""
    if value.startswith("cmd:"):
        command = with_references(value[4:].strip())
        if not command:
            raise BadValue("the command after cmd: is empty")
        return Check(kind="cmd", command=command)
    no_references(value)
    if value == "off":
        return Check(kind="off")
    rest, port = _probe_port(value)
    words = _words(rest)
    if not words or not (words[0][0] == "tcp" or words[0][0].startswith("/")):
        raise BadValue(f"expected /path, tcp, cmd: … or off, found {value!r}")
    if not _PROBE_PATH.match(words[0][0]) or len(words) > 4:  # noqa: PLR2004 - path and three figures
        raise BadValue(f"expected /path [interval [timeout [retries]]], found {value!r}")
    interval = _at(words[1], to_seconds) if len(words) > 1 else None
    timeout = _at(words[2], to_seconds) if len(words) > 2 else None  # noqa: PLR2004
    retries = _at(words[3], _retries) if len(words) > 3 else None  # noqa: PLR2004
    kind = "tcp" if words[0][0] == "tcp" else "http"
    return Check(
        kind=kind,
        path=words[0][0] if kind == "http" else "",
        port=port,
        interval=interval,
        timeout=timeout,
        retries=retries,
    )


def _words(value: str) -> list[tuple[str, int]]:
    """Return the words of ``value`` and where each begins."""
    return [(m.group(), m.start()) for m in re.finditer(r"\S+", value)]


def _at(word: tuple[str, int], parse: Callable[[str], T]) -> T:
    """Parse one word of a value; what is wrong with it is shown at its place."""
    try:
        return parse(word[0])
    except BadValue as bad:
        raise BadValue(str(bad), word[1], word[1] + len(word[0])) from None


def _retries(word: str) -> int:
    found = count(word)
    if found > 10:  # noqa: PLR2004 - each is a try inside one probe
        raise BadValue(f"more than 10 retries inside one probe: {found}")
    return found


def _probe_port(value: str) -> tuple[str, int | None]:
    match = _PROBE_PORT.search(value)
    if match is None:
        return value, None
    found = number(match[1], MAX_PORT)
    if found is None:
        raise BadValue(
            f"port: expected a number from 1 to {MAX_PORT}, found {match[1]!r}",
            match.start(1),
            match.end(1),
        )
    blanks = " " * (match.end() - match.start())  # the words behind it stay at their places
    return value[: match.start()] + blanks + value[match.end() :], found


def startup(value: str) -> Startup:
    """Parse ``/path [port] [budget]``."""
    no_references(value)
    words = _words(value)
    if not words or not words[0][0].startswith("/") or len(words) > 3:  # noqa: PLR2004
        raise BadValue(f"expected /path [port] [budget], found {value!r}")
    port = budget = None
    for word in words[1:]:
        if word[0].isascii() and word[0].isdigit() and port is None and budget is None:
            port = _at(word, port_number)
        elif budget is not None:
            raise BadValue("the budget comes last, and stands once", word[1], word[1] + len(word[0]))
        else:
            budget = _at(word, to_seconds)
    if not _PROBE_PATH.match(words[0][0]):
        raise BadValue(f"{words[0][0]!r} is not a path", 0, len(words[0][0]))
    return Startup(words[0][0], port, budget)


def depends(value: str) -> Depends:
    """Parse ``service[:condition]``; the service's name may hold anything a name may."""
    no_references(value)
    service, colon, condition = value.partition(":")
    name(service)
    if colon and condition not in CONDITIONS:
        raise BadValue(
            f"expected started, healthy or completed, found {condition!r}",
            len(service) + 1,
            len(value),
        )
    return Depends(service, condition or "")


def build(value: str) -> Build:
    """Parse a context folder with the options target= and platform=."""
    no_references(value)
    body = value.strip()
    options: dict[str, str] = {}
    while (match := _BUILD_OPTION.search(body)) is not None:
        if match[1] in options:
            raise BadValue(f"the option {match[1]} stands twice", match.start(), match.end())
        options[match[1]] = match[2]
        body = body[: match.start()].rstrip()
    if (stray := _STRAY_OPTION.search(body)) is not None:
        group = stray.lastgroup or 0
        raise BadValue(
            f"unknown option {stray[group]!r}",
            stray.start(group),
            stray.end(group),
            "after the folder: target=STAGE and platform=OS/ARCH",
        )
    if body.startswith("/"):
        raise BadValue("the context is relative to the Dockerfile", 0, len(body))
    return Build(body or ".", options.get("target"), options.get("platform"))


def image(value: str) -> str:
    """Check an image reference; references of variables may stand for any part."""
    with_references(value)
    shape = text.masked(value)
    if not re.fullmatch(
        rf"(?:[A-Za-z0-9.-]+(?::[0-9x]+)?/)?{COMPONENT}(?:/{COMPONENT})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
        r"(?:@sha256:[0-9a-f]{64})?",
        shape,
        re.ASCII,
    ):
        raise BadValue(
            f"{value!r} is not an image reference",
            0,
            None,
            "write repository, repository:tag or repository@sha256:… in lower case",
        )
    return value


_STRING = {"type": "string"}
SERVICE = ValueType(
    "name",
    "letters, digits, '.', '_', '-'",
    service,
    {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$", "maxLength": MAX_NAME},
)
SCALE = ValueType("scale", "N, with safe or roll after it", scale, _STRING)
CHECK = ValueType(
    "check", "/path [interval [timeout [retries]]], tcp, cmd: …, off; option port=N", check, _STRING
)
STARTUP = ValueType("startup", "/path [port] [budget]", startup, _STRING)
DEPENDS = ValueType("depends", "service[:started/healthy/completed]", depends, _STRING)
BUILD = ValueType("build", "folder, options target=, platform=", build, _STRING)
IMAGE = ValueType("image", "repository[:tag] or repository@sha256:…", image, _STRING)
