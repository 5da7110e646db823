"""One entry per annotation key, setting and code, and how a name that a user types finds it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from composegen.codes import CODES
from composegen.keys.project import ACME_ENV, SETTINGS
from composegen.keys.service import KEYS

_PREFIX = re.compile(r"#?\s*(?:composegen|mypaas)\.", re.IGNORECASE)
KEY, SETTING, CODE = "key", "setting", "code"
FAMILY = f"{ACME_ENV}*"
"""Settings whose names are the user's own, explained together."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be explained: ``facts`` are its properties in the order they are shown."""

    kind: str
    name: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    """Pairs such as ("form", "a number from 1 to 65535")."""
    repeat: bool = False


def entries() -> tuple[Entry, ...]:
    """Return everything that can be explained: keys, settings, codes, each in declared order."""
    return (*map(_key, KEYS), *map(_setting, SETTINGS), _family(), *map(_code, CODES))


def find(name: str) -> Entry | None:
    """Return what ``name`` means, however it is spelt.

    ``port``, ``composegen.port``, ``mypaas.port`` and ``# composegen.port`` are one key, and
    ``compose.shm_size`` is the key ``compose``; a setting may be written without COMPOSEGEN_;
    codes and settings are found whatever their case. All that begin with COMPOSEGEN_ACME_ENV_ are one.
    """
    word = _PREFIX.sub("", name.strip(), count=1)
    lower, upper = word.lower(), word.upper()
    if lower in KEYS:
        return _key(lower)
    head = lower.partition(".")[0]
    if head in KEYS and KEYS[head].nested:
        return _key(head)
    if upper in CODES:
        return _code(upper)
    spelt = upper.replace("-", "_")
    for setting in (spelt, f"COMPOSEGEN_{spelt}"):
        if setting in SETTINGS:
            return _setting(setting)
        if setting.startswith(ACME_ENV):
            return _family()
    return None


def near(name: str) -> tuple[str, ...]:
    """Return up to three names that ``name`` may have been meant to be, the nearest first."""
    word = _PREFIX.sub("", name.strip(), count=1).lower()
    known = {n.lower(): n for n in (*KEYS, *SETTINGS, *CODES)}
    known |= {n.lower().removeprefix("composegen_"): n for n in SETTINGS}
    found = [known[n] for n in difflib.get_close_matches(word, known, 4, 0.6)]
    return tuple(dict.fromkeys(found))[:3]


def spelled(name: str) -> str:
    """Return a key as the reference writes it: ``compose.PATH`` for a key that takes a path."""
    return f"{name}.PATH" if KEYS[name].nested else name


def _key(name: str) -> Entry:
    key = KEYS[name]
    facts = [
        ("form", key.type.form),
        ("default", key.default or ("none; required" if name == "service" else "none")),
        ("example", key_example(name)),
        ("repeatable", "yes" if key.repeat else "no"),
        ("counts in", "a comment of a Dockerfile" + (f", also as mypaas.{name}" if key.mypaas else "")),
    ]
    return Entry(KEY, name, key.summary, tuple(facts), key.repeat)


def key_example(name: str) -> str:
    """Return an annotation line with the key's example."""
    key = KEYS[name]
    joint = "." if key.nested else " = "
    return f"# composegen.{name}{joint}{key.example}"


def _setting(name: str) -> Entry:
    key = SETTINGS[name]
    read = (
        "at build: it gives the files their shape, so build again after a change"
        if key.read == "build"
        else "at up: the files refer to it"
    )
    facts = [
        ("form", key.type.form),
        ("default", key.default or "none"),
        ("example", f"{name}={key.example}"),
        ("counts in", "the command line (--set), the environment and .env, in this order"),
        ("read", read),
    ]
    return Entry(SETTING, name, key.summary, tuple(facts))


def _family() -> Entry:
    """Return the entry of the credentials for the DNS challenge."""
    facts = [
        ("form", "text"),
        ("default", "none; required with COMPOSEGEN_ACME_CHALLENGE=dns:PROVIDER"),
        ("example", f"{ACME_ENV}CF_DNS_API_TOKEN=the-token"),
        ("counts in", "the command line (--set), the environment and .env, in this order"),
        ("read", "names at build: they give the files their shape; values at up"),
    ]
    about = (
        "A credential for the DNS challenge. What follows the prefix is the name that Traefik's provider "
        "wants, or that of certbot's plug-in in capitals."
    )
    return Entry(SETTING, FAMILY, about, tuple(facts))


def _code(name: str) -> Entry:
    code = CODES[name]
    facts = [
        ("title", code.title),
        ("severity", "warning: the build goes on" if code.warning else "error: nothing is written"),
        ("example", code.example),
    ]
    return Entry(CODE, name, code.explanation, tuple(facts))
