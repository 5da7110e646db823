"""Value types of routing: urls with their options, limits of rate, headers."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from composegen import text
from composegen.keys.spec import BadValue, ValueType
from composegen.keys.values import MAX_PORT, no_references, plain, with_references
from composegen.keys.values import number as port_number

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#\s]*)(?P<path>[^\s]*)\Z")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_PATH = re.compile(r"[A-Za-z0-9._~!&'()*+,;=:@/-]*\Z")
_OPTION = re.compile(r"\S+")
_PORT_LIKE = re.compile(r"[^\]:,]+\Z")
_RATE = re.compile(r"(\d{1,9})/(s|m|h)(?:\s+(\d{1,9}))?\Z")
# No '.', which divides the parts of Traefik's labels, and no '$': Compose fills in values, not keys.
_HEADER = re.compile(r"([!#%&'*+^_|~0-9A-Za-z-]+)\s*:\s*(.+)\Z")
_PART_OF_HOST = re.compile(r"[A-Za-z0-9_.*-]*\Z")
NO_ADDRESS = "https needs a name: for an address a client does not say which certificate it wants"
NAME_INSTEAD = "use a name that leads there, by DNS or /etc/hosts; on this machine NAME.localhost does"
MAX_HOST = 253
MAX_PATH = 1024
MAX_HEADER = 256
# They say how an answer is transferred, so they are the frontend's: with a value of the user's, a client
# would read another answer than the one that was sent.
_TRANSFER = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class Upstream:
    """An address outside of the project: ``scheme://host[:port][/path]``."""

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def url(self) -> str:
        """The address as text."""
        return f"{self.scheme}://{self.host}{f':{self.port}' if self.port else ''}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A public route: ``path`` is '' for the whole host, else '/a/b' without a slash at the end."""

    scheme: str
    host: str
    path: str
    port: int | None = None
    strip: bool = False
    redirect: Upstream | None = None
    proxy: Upstream | None = None

    @property
    def public(self) -> str:
        """The address as a person types it."""
        return f"{self.scheme}://{self.host}{self.path or '/'}"


@dataclass(frozen=True, slots=True)
class Rate:
    """``average`` requests per ``period`` seconds and client address, bursts of ``burst``."""

    average: int
    period: int
    burst: int


@dataclass(frozen=True, slots=True)
class Header:
    """A response header."""

    name: str
    value: str


def host(value: str, at: int = 0) -> str:
    """Check a host name (references stand for one or more labels) and fold its case.

    Labels follow RFC 1123, with '_' because certificates and browsers accept it.
    """
    parts = []
    for part, is_reference in text.split(value):
        parts.append(part if is_reference else part.lower())
        if is_reference and not all(map(_PART_OF_HOST.match, text.operands(part))):
            raise BadValue(
                f"{part!r} may stand for something that is no host name",
                at,
                at + len(value),
                "a default in a host is a host, or a part of one: ${SITE_HOST:-example.com}",
            )
    folded = "".join(parts)
    shape = text.masked(folded)
    shape = shape.removeprefix("*.")
    end = at + len(value)
    if not shape.isascii():
        raise BadValue(f"{value!r} has letters outside of ASCII", at, end, _punycode_hint(value))
    if not _named(shape):
        raise BadValue(
            f"{value!r} is no host name",
            at,
            end,
            "a host is like example.com, app.example.com, *.example.com or ${SITE_HOST}",
        )
    return folded


def is_host(value: str) -> bool:
    """Whether a value with all variables filled in is a host, as the runner's ``hosts.awk`` judges it."""
    return _named(value.lower().removeprefix("*."))


def _named(shape: str) -> bool:
    return 0 < len(shape) <= MAX_HOST and all(_LABEL.match(p) for p in shape.split("."))


def _punycode_hint(value: str) -> str:
    if len(value) > MAX_HOST:
        return "write it in its xn-- form"
    try:
        return f"write it as {value.encode('idna').decode()}"
    except UnicodeError:
        return "write it in its xn-- form"


def path(value: str, at: int = 0) -> str:
    """Check a route's path and return it without a slash at the end."""
    end = at + len(value)
    if not _PATH.match(value):
        raise BadValue(
            f"{value!r} is not a path that can be routed",
            at,
            end,
            "letters, digits and ._~!&'()*+,;=:@- between slashes; no query, no '%'",
        )
    if len(value) > MAX_PATH:
        raise BadValue(f"the path has {len(value)} characters", at, end, f"{MAX_PATH} are possible")
    stripped = value.rstrip("/")
    if "//" in stripped or any(s in {".", ".."} for s in stripped.split("/")):
        raise BadValue(f"{value!r} has an empty or a relative segment", at, end)
    return stripped


def url(value: str) -> Url:
    """Parse a url with its options."""
    with_references(value)
    words = _words(value) or [(value, 0)]
    address, options = words[0], words[1:]
    match = _URL.match(_shown(address[0]))
    if match is None or match["scheme"].lower() not in {"http", "https"}:
        raise BadValue(
            f"{address[0]!r} is not an http or https address",
            0,
            len(address[0]),
            "write https://example.com or http://example.com/path",
        )
    start = match.start("host")
    name, colon, number = _split_port(value[start : match.end("host")])
    given_path = value[match.start("path") : match.end("path")]
    if "@" in name:
        raise BadValue("a public address has no user", start, match.end("host"))
    if colon:
        raise BadValue(
            f"the address has a port ({number})",
            start + len(name),
            match.end("host"),
            "leave it out: the frontend's ports are COMPOSEGEN_HTTP_PORT and "
            "COMPOSEGEN_HTTPS_PORT; the process's own port is the option port=",
        )
    if "${" in given_path:
        raise BadValue("a reference is not possible in the path", match.start("path"), match.end("path"))
    found: dict[str, Any] = {}
    for word, at in options:
        _option(word, at, found)
    if ("redirect" in found and len(found) > 1) or ("proxy" in found and "port" in found):
        raise BadValue(
            "options that exclude each other",
            options[0][1],
            len(value),
            "redirect= stands alone; proxy= names its own port",
        )
    return Url(
        scheme=match["scheme"].lower(),
        host=host(name, start),
        path=path(given_path, match.start("path")),
        **found,
    )


def _shown(value: str) -> str:
    """Return ``value`` with its references as letters, at the same places: they divide nothing."""
    if "${" not in value:
        return value
    return "".join("x" * len(p) if is_ref else p for p, is_ref in text.split(value))


def _words(value: str) -> list[tuple[str, int]]:
    """Split at blanks, but not inside a reference."""
    return [(value[m.start() : m.end()], m.start()) for m in _OPTION.finditer(_shown(value))]


def _split_port(authority: str) -> tuple[str, str, str]:
    """Split ``host:port`` at the last colon outside of a reference, if digits may follow it."""
    at = _shown(authority).rfind(":")
    if at < 0 or not _PORT_LIKE.match(authority[at + 1 :]):
        return authority, "", ""
    return authority[:at], ":", authority[at + 1 :]


def _option(word: str, at: int, found: dict[str, Any]) -> None:
    name, equals, argument = word.partition("=")
    end = at + len(word)
    if name in found:
        raise BadValue(f"the option {name} stands twice", at, end)
    if word == "strip":
        found["strip"] = True
    elif name == "port" and equals:
        found["port"] = port_number(argument, MAX_PORT)
        if found["port"] is None:
            raise BadValue(f"port: expected a number from 1 to {MAX_PORT}, found {argument!r}", at + 5, end)
    elif name in {"redirect", "proxy"} and equals:
        found[name] = upstream(argument, at + len(name) + 1)
    else:
        raise BadValue(
            f"unknown option {word!r}",
            at,
            end,
            "the options are port=N, strip, redirect=URL and proxy=URL",
        )


def upstream(value: str, at: int = 0) -> Upstream:
    """Parse the target of redirect= or proxy=."""
    match = _URL.match(_shown(value))
    end = at + len(value)
    if match is None or match["scheme"].lower() not in {"http", "https"}:
        raise BadValue(f"{value!r} is not an http or https address", at, end)
    name, colon, number = _split_port(value[match.start("host") : match.end("host")])
    given_path = value[match.start("path") : match.end("path")]
    if colon and port_number(number, MAX_PORT) is None:
        raise BadValue(f"{number!r} is not a port", at, end)
    if "${" in given_path:
        raise BadValue("a reference is not possible in the path", at, end)
    checked = path(given_path, at + match.start("path"))
    return Upstream(
        match["scheme"].lower(),
        host(name, at + match.start("host")),
        int(number) if colon else None,
        checked,
    )


def rate(value: str) -> Rate:
    """Parse ``100/s [burst]``; without a burst it is as large as the average."""
    no_references(value)
    match = _RATE.match(value)
    if match is None or int(match[1]) == 0:
        raise BadValue(f"expected requests per time such as 100/s or 100/s 200, found {value!r}")
    average = int(match[1])
    return Rate(average, {"s": 1, "m": 60, "h": 3600}[match[2]], max(1, int(match[3] or average)))


def header(value: str) -> Header:
    """Parse ``Name: value``."""
    plain(value)
    no_references(value)
    match = _HEADER.match(value)
    if match is None:
        raise BadValue(f"expected Name: value, found {value!r}")
    if len(match[1]) > MAX_HEADER:
        raise BadValue(
            f"the name has {len(match[1])} characters", 0, match.end(1), f"{MAX_HEADER} are possible"
        )
    if match[1].lower() in _TRANSFER:
        raise BadValue(
            f"{match[1]} says how an answer is transferred",
            0,
            match.end(1),
            "leave it out: the frontend sets it to what it does",
        )
    if not match[2].isascii():
        raise BadValue("a header's value is ASCII", match.start(2), match.end(2))
    return Header(match[1], match[2])


_STRING = {"type": "string"}
URL = ValueType(
    "url",
    "https://host[/path] or http://…, options port=N, strip, redirect=URL, proxy=URL",
    url,
    _STRING,
)
RATE = ValueType("rate", "requests per s, m or h and client, then an optional burst", rate, _STRING)
HEADER = ValueType("header", "Name: value", header, _STRING)


def site(value: str) -> Url:
    """Parse the address of a page of the frontend's own: scheme and host, nothing else."""
    parsed = url(value)
    if parsed.path or " " in value:
        raise BadValue("only scheme and host are possible here")
    return parsed


def site_or_off(value: str) -> Url | None:
    """Parse the address of a page that can be switched off: None for ``off``."""
    return None if value == "off" else site(value)


def is_address(value: str) -> bool:
    """Whether ``value`` is an IP address rather than a name; references count as their defaults."""
    try:
        ipaddress.ip_address(text.with_defaults(value))
    except ValueError:
        return False
    return True


SITE = ValueType("site", "https://host, or off", site_or_off, _STRING)
