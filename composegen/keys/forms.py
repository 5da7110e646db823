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
    """An IPv6 address may stand in brackets, as in a published port."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") and ":" in value else value
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        raise BadValue(f"expected an address such as 127.0.0.1, found {value!r}") from None
    return value


def _schedule(value: str) -> str:
    if not _SCHEDULE.match(value.strip(" ")):
        raise BadValue(f"expected six fields (seconds first), or @daily and the like, found {value!r}")
    return value


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
PREFIX = word(
    "prefix",
    "registry[:port]/folder, without a tag",
    rf"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d+)?(?:/{COMPONENT})*",
)
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
