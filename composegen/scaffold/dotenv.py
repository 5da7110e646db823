"""The first ``.env`` of a machine, made of ``.env.example``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from composegen.markers import BEGIN, END

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD = """\
# The values of this machine. Docker Compose reads this file too; it does not belong into git.
# Put values with $ or # into single quotes.
"""
_TLS = """\
# Where certificates come from:
#   local  an own certificate authority, for development: browsers warn
#   acme   Let's Encrypt, for a host that the internet reaches; needs COMPOSEGEN_ACME_EMAIL
#   files  your own files
#   off    no TLS: https urls are served in clear, for a server behind another proxy
# It gives the generated files their shape: run `composegen build` after a change.
COMPOSEGEN_TLS={tls}
"""
_COMMENTS = frozenset({BEGIN, END, "# Copy this file to .env. Put values with $ or # into single quotes."})
_EMPTY = re.compile(r"^([A-Za-z_]\w*)=[ \t]*$", re.MULTILINE)
_LOCAL = re.compile(r"(?:localhost|[0-9.]+|\[?[0-9a-f:]+\]?|.*\.(?:localhost|local|test|internal|lan))\Z")


def tls_for(host: str) -> str:
    """Return the kind of certificates that suits a host: ``local`` for one that no CA can check."""
    return "local" if _LOCAL.match(host.lower()) else "acme"


def first(example: str, given: Mapping[str, str], tls: str | None) -> str:
    """Return the text of ``.env``: the example with the values that are known filled in.

    ``tls`` None leaves the setting out: the committed files have their shape already.
    """
    body = "\n".join(line for line in example.splitlines() if line.strip() not in _COMMENTS).strip("\n")

    def fill(match: re.Match[str]) -> str:
        return f"{match[1]}={_quoted(given.get(match[1], ''))}"

    body = _EMPTY.sub(fill, body)
    there = set(re.findall(r"^([A-Za-z_]\w*)=", body, re.MULTILINE))
    parts = [_HEAD]
    if tls is not None and "COMPOSEGEN_TLS" not in there:
        parts.append(_TLS.format(tls=tls))
    parts += [f"{name}={_quoted(value)}\n" for name, value in given.items() if value and name not in there]
    if body:
        parts.append(f"{body}\n")
    return "\n".join(parts)


def _quoted(value: str) -> str:
    """Quote a value that Compose would read otherwise."""
    if not value or re.fullmatch(r"[\w.@:/+,-]+", value):
        return value
    return "'" + value.replace("'", "\\'") + "'"


def missing(text: str) -> list[str]:
    """Return the variables of a ``.env`` that still have no value."""
    return _EMPTY.findall(text)
