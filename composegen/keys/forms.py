"""Value types of settings that are read at ``up``: a build only checks their form.

What counts is what the containers make of a value. Traefik drops every router of a middleware that
it cannot read, and ends where it cannot read a list of proxies, so a slip is caught before that.
``templates/runner/settings.awk`` applies the same forms to the worst of them when a project starts.
"""

from __future__ import annotations

import ipaddress
import re

from composegen.keys.lifecycle import COMPONENT, IMAGE
from composegen.keys.spec import BadValue, ValueType
from composegen.keys.values import MAX_PORT, number, word

_STRING = {"type": "string"}
_FIELD = r"[0-9*/,?A-Za-z-]+"
_SCHEDULE = re.compile(rf"(?:(?:CRON_)?TZ=\S+ +)?(?:@[a-z]+(?: +\S+)?|{_FIELD}(?: +{_FIELD}){{5}})\Z")
_FIELDS = (
    ("a second", 0, 59, ""),
    ("a minute", 0, 59, ""),
    ("an hour", 0, 23, ""),
    ("a day", 1, 31, ""),
    ("a month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    ("a weekday", 0, 6, "sun mon tue wed thu fri sat"),
)
_LARGEST_STEP = 10**6
_LONGEST = 10
_IPV6 = 6
_PREFIX_FORM = "registry[:port]/folder, without a tag"
_PREFIX_PATTERN = rf"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d+)?(?:/{COMPONENT})*"
_PREFIX = re.compile(rf"(?:{_PREFIX_PATTERN})\Z", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")


def _any(value: str) -> str:
    return value


def text(form: str) -> ValueType[str]:
    """Return a type that takes anything; ``form`` tells what is meant."""
    return ValueType("text", form, _any, _STRING)


def _port(value: str) -> str:
    if number(value, MAX_PORT) is None:
        raise BadValue(f"expected a number from 1 to {MAX_PORT}, found {value!r}")
    return value


def _proxies(value: str) -> str:
    """Traefik and nginx both take blanks beside a comma; instead of one, or nothing between two, neither."""
    for one in value.split(","):
        try:
            ipaddress.ip_network(one.strip(" "), strict=False)
        except ValueError:
            why = "nothing" if not one.strip() else repr(one.strip())
            raise BadValue(
                f"expected addresses and networks with commas between them, found {why} in {value!r}"
            ) from None
        if "%" in one or ("/" in one and not one.rpartition("/")[2].strip().isdigit()):
            raise BadValue(f"expected a network such as 10.0.0.0/8, found {one.strip()!r}")
    return value


def _bind(value: str) -> str:
    """An IPv6 address stands in brackets: a published port follows it."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") and ":" in value else value
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        raise BadValue(f"expected an address such as 127.0.0.1, found {value!r}") from None
    if address.version == _IPV6 and bare == value:
        raise BadValue(f"an IPv6 address stands in brackets, found {value!r}", hint=f"write [{value}]")
    return value


def _schedule(value: str) -> str:
    """Watchtower ends at once where it cannot read its schedule."""
    if not _SCHEDULE.match(value.strip(" ")):
        raise BadValue(f"expected six fields (seconds first), or @daily and the like, found {value!r}")
    fields = [f for f in value.split() if not f.startswith(("TZ=", "CRON_TZ="))]
    if not fields[0].startswith("@"):
        for field, (what, least, most, names) in zip(fields, _FIELDS, strict=True):
            if not all(_moments(one, least, most, names) for one in field.split(",")):
                raise BadValue(f"expected {what} from {least} to {most}, found {field!r} in {value!r}")
    return value


def _moments(value: str, least: int, most: int, names: str) -> bool:
    """Whether one part of a field is ``*``, a number or name, or a range, with or without a step."""
    span, slash, step = value.partition("/")
    if slash and not number(step, _LARGEST_STEP):
        return False
    if span in {"*", "?"}:
        return True
    ends = [_moment(one, least, names) for one in span.split("-")]
    return len(ends) <= 2 and least <= ends[0] <= ends[-1] <= most  # noqa: PLR2004 - a range has two ends


def _moment(value: str, least: int, names: str) -> int:
    """Return what a number or a name in a schedule means, -1 for what is in no range."""
    if value.isdigit():
        return int(value) if len(value) < _LONGEST else -1
    known = names.split()
    return known.index(value.lower()) + least if value.lower() in known else -1


def _prefix(value: str) -> str:
    if not _PREFIX.match(value):
        if _PREFIX.match(value.lower()):
            raise BadValue(f"folders are in lower case, found {value!r}", hint=f"write {_lowered(value)}")
        raise BadValue(f"expected {_PREFIX_FORM}, found {value!r}")
    if _lowered(value) != value:
        # Without a dot or a port it is a folder of Docker Hub, or a host that nobody has.
        raise BadValue(f"upper case in {value!r}", hint=f"write {_lowered(value)}")
    return value


def _lowered(value: str) -> str:
    """Return a prefix in lower case, but for a first part that can only be a host."""
    host, slash, folders = value.partition("/")
    return f"{host if '.' in host or ':' in host else host.lower()}{slash}{folders.lower()}"


def _notify(value: str) -> str:
    """The address may hold a token, so the message does not repeat it."""
    if not all(map(_ADDRESS.match, value.split())):
        raise BadValue("expected an address such as slack://token@channel")
    return value


def _runner(value: str) -> str:
    return value if value == "none" else IMAGE.parse(value)


PROJECT = word("name", "lower-case letters, digits, '_' and '-'", r"[a-z0-9][a-z0-9_-]*")
JOINED = word("name", "the name of a compose project", r"[a-z0-9][a-z0-9_-]*")
EMAIL = word("email", "an e-mail address", r"[^\s@]+@[^\s@]+")
HTTPS = word("https", "an https address", r"https://[^\s/]+(?:/\S*)?")
FILE = word("path", "a path that begins with ./ or /", r"(?:\.{0,2}|~)/.+")
SOCKET = word("path", "an absolute path", r"/.+")
PREFIX = ValueType("prefix", _PREFIX_FORM, _prefix, {"type": "string", "pattern": f"^(?:{_PREFIX_PATTERN})$"})
TAG = word("tag", "a tag", r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
NUMBER = word("number", "a number", r"\d{1,9}")
SECONDS = word("seconds", "a number of seconds", r"\d{1,10}")
ZONE = word("zone", "a name such as Europe/Berlin", r"[A-Za-z0-9_+:/<>,.-]+")
PORT = ValueType("port", "a number from 1 to 65535", _port, _STRING)
PROXIES = ValueType("proxies", "addresses and networks, with commas between them", _proxies, _STRING)
BIND = ValueType("address", "an address of this host", _bind, _STRING)
RUNNER = ValueType("image", "repository[:tag], or none", _runner, _STRING)
SCHEDULE = ValueType("schedule", "six fields: second, minute, hour, day, month, weekday", _schedule, _STRING)
NOTIFY = ValueType("notify", "an address as shoutrrr has them", _notify, _STRING)
