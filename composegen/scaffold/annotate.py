"""Puts annotations on top of a Dockerfile: below its parser directives, the rest byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.passes.dockerfile import lex

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one Dockerfile gets. ``routed`` False writes the url switched off, for a person to decide."""

    path: str
    service: str
    port: int | None
    routed: bool
    host: str = "${SITE_HOST}"


def lines(plan: Plan) -> list[str]:
    """Return the annotation lines."""
    found = [f"# composegen.service = {plan.service}"]
    if plan.port is None:
        return found
    switch = "# " if plan.routed else "#--- "
    found.append(f"{switch}composegen.url = https://{plan.host}")
    found.append(f"# composegen.port = {plan.port}")
    return found


def annotate(text: str, block: Iterable[str]) -> str:
    """Return ``text`` with ``block`` and an empty line put in; its line ends are kept.

    Parser directives and a byte order mark count only at the very top, so they stay there.
    """
    at = min(lex(text).header_end, len(text))
    end = "\r\n" if "\r\n" in text else "\n"
    return text[:at] + "".join(f"{line}{end}" for line in block) + end + text[at:]


def plans(
    names: dict[str, str], ports: dict[str, int | None], *, served: bool, given: int | None
) -> list[Plan]:
    """Return a plan per Dockerfile.

    One service gets the project's address: the first that listens for HTTP, a Dockerfile on
    top or in a folder called web first. ``served`` says that one has it already. ``given``
    is the port that the user told.
    """
    found = {path: given or ports[path] for path in names}
    candidates = sorted((p for p in names if found[p] is not None), key=_rank)
    first = candidates[0] if candidates and not served else None
    return [
        Plan(
            path=path,
            service=name,
            port=found[path],
            routed=path == first,
            host="${SITE_HOST}" if path == first else f"{name.replace('.', '-')}.${{SITE_HOST}}",
        )
        for path, name in names.items()
    ]


def _rank(path: str) -> tuple[bool, bool, str]:
    parts = path.lower().split("/")
    front = any(p in {"web", "www", "site", "app", "frontend", "client"} for p in parts[:-1])
    return len(parts) > 1, not front, path
