"""The rows of ``expectations.yml``, read strictly: a field that nobody knows is a mistake."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.conformance.message import HTTP_11, Answer, Headers, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE = Path(__file__).parent / "expectations.yml"
REFUSED, CUT = "refused", "cut"
_EXPECTED = ("status", "answer", "text", "certificate", "seen", "executed")
_SENT = ("headers", "body", "length", "protocol", "sni", "tls", "trusted")
_SEEN = ("service", "method", "target", "size", "headers")


@dataclass(frozen=True)
class Expected:
    """What has to come of a request. Empty is: whatever it is."""

    statuses: tuple[int | str, ...]
    answer: Mapping[str, str | None]
    seen: Mapping[str, Any]
    text: str | None = None
    certificate: tuple[str, ...] = ()
    executed: tuple[int, int] | None = None

    @property
    def refused(self) -> bool:
        """Whether the handshake has to fail."""
        return REFUSED in self.statuses

    @property
    def cut(self) -> bool:
        """Whether the answer has to end before it is complete."""
        return CUT in self.statuses

    def faults(self, answer: Answer, fill: Callable[[str], str]) -> list[str]:
        """List what is otherwise than expected; ``fill`` puts ports and addresses into a text."""
        found = []
        if answer.status not in self.statuses:
            found.append(f"status {answer.status}, expected {self.statuses}: {answer.text[:200]}")
            return found
        found += _headers("answer", self.answer, answer.header, fill)
        if self.text is not None and not _fits(self.text, answer.text, fill):
            found.append(f"text {answer.text[:200]!r}, expected {self.text!r}")
        if self.certificate and answer.names != self.certificate:
            found.append(f"certificate of {answer.names}, expected {self.certificate}")
        if self.seen:
            seen = answer.seen
            found += [
                f"seen {name} {getattr(seen, name)!r}, expected {value!r}"
                for name, value in self.seen.items()
                if name != "headers" and getattr(seen, name) != value
            ]
            found += _headers("seen", self.seen.get("headers", {}), seen.header, fill)
        return found


@dataclass(frozen=True)
class Row:
    """One request, what has to come of it, and what comes of it elsewhere with the reason."""

    name: str
    rule: str
    request: Request
    trusted: bool
    expected: Expected
    differs: Mapping[str, tuple[str, Expected]]

    @property
    def id(self) -> str:
        """The row as pytest names it."""
        return f"{self.rule}-{re.sub(r'[^a-z0-9]+', '-', self.name.lower()).strip('-')}"

    def of(self, frontend: str) -> Expected:
        """What is expected of a frontend."""
        return self.differs[frontend][1] if frontend in self.differs else self.expected


@dataclass(frozen=True)
class Group:
    """Rows that belong together; ``rule`` is a number of the routing rules, or "keys"."""

    title: str
    rule: str
    rows: tuple[Row, ...]


def groups() -> tuple[Group, ...]:
    """Read the file."""
    document = yaml.safe_load(FILE.read_text("utf-8"))
    reasons = document["reasons"]
    return tuple(
        Group(g["title"], str(g["rule"]), tuple(parsed(r, str(g["rule"]), reasons) for r in g["rows"]))
        for g in document["groups"]
    )


def rows() -> list[Row]:
    """Read all rows."""
    return [row for group in groups() for row in group.rows]


def parsed(raw: dict[str, Any], rule: str, reasons: Mapping[str, str]) -> Row:
    """Read one row; ``reasons`` are those that a difference may name."""
    unknown = set(raw) - {"name", "request", "differs", *_SENT, *_EXPECTED}
    assert not unknown, f"{raw['name']}: unknown {sorted(unknown)}"
    expected = _expected(raw)
    differs = {}
    for frontend, other in raw.get("differs", {}).items():
        changed = {name: value for name, value in other.items() if name != "reason"}
        # Another status has another answer altogether.
        base = {} if "status" in changed else {n: raw[n] for n in _EXPECTED if n in raw}
        differs[frontend] = (reasons[other["reason"]], _expected(base | changed))
    return Row(raw["name"], rule, _request(raw), bool(raw.get("trusted")), expected, differs)


def _request(raw: dict[str, Any]) -> Request:
    method, url = raw["request"].split(" ", 1)
    request = Request.to(re.sub(r"(?<==)(\d{5})$", _many, url), method)
    return replace(
        request,
        headers=_sent(raw.get("headers", {})),
        body=_body(raw["body"]) if "body" in raw else None,
        length=raw.get("length", True),
        protocol=raw.get("protocol", HTTP_11),
        sni=raw.get("sni"),
        tls=ssl.TLSVersion[raw["tls"]] if "tls" in raw else None,
    )


def _many(found: re.Match[str]) -> str:
    return "x" * int(found[1]) if found.string.partition("?")[0].endswith("/reply") else found[1]


def _body(value: str | int) -> bytes:
    return b"x" * value if isinstance(value, int) else value.encode()


def _sent(raw: Mapping[str, str | int | list[str]]) -> Headers:
    """Give the headers of a request; a number is so many letters, a list several headers."""
    return tuple(
        (name, "x" * one if isinstance(one, int) else one)
        for name, value in raw.items()
        for one in (value if isinstance(value, list) else [value])
    )


def _expected(raw: Mapping[str, Any]) -> Expected:
    status = raw["status"]
    seen = raw.get("seen", {})
    assert set(seen) <= set(_SEEN), f"unknown {sorted(set(seen) - set(_SEEN))}"
    return Expected(
        tuple(status) if isinstance(status, list) else (status,),
        raw.get("answer", {}),
        seen,
        raw.get("text"),
        tuple(raw.get("certificate", ())),
        (raw["executed"][0], raw["executed"][1]) if "executed" in raw else None,
    )


def _headers(
    where: str,
    wanted: Mapping[str, str | None],
    header: Callable[[str], str | None],
    fill: Callable[[str], str],
) -> list[str]:
    found = []
    for name, value in wanted.items():
        is_ = header(name)
        fits = is_ is None if value is None else is_ is not None and _fits(value, is_, fill)
        if not fits:
            found.append(f"{where} {name}: {is_!r:.200}, expected {value!r}")
    return found


def _fits(wanted: str, value: str, fill: Callable[[str], str]) -> bool:
    filled = fill(wanted)
    if filled.startswith("~ "):
        return re.search(filled[2:], value, re.DOTALL) is not None
    return filled == value
