"""Tell somebody what a round did: a POST to a `generic` URL, or a line in the log."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from . import log

if TYPE_CHECKING:
    from .settings import Settings
    from .update import Report

_PATIENCE = 10.0


def told(settings: Settings, report: Report) -> None:
    """Send a round's result when there is something to tell."""
    if not (report.updated or report.failed or report.fresh_images):
        return
    text = "\n".join(_lines(report))
    for url in settings.notification_urls:
        _send(url, text)


def _lines(report: Report) -> list[str]:
    head = f"{len(report.scanned)} Scanned, {len(report.updated)} Updated, "
    lines = [head + f"{len(report.failed)} Failed"]
    lines += [f"- {name}: updated" for name in report.updated]
    lines += [f"- {name}: failed: {why}" for name, why in report.failed.items()]
    others = set(report.fresh_images) - set(report.updated) - set(report.failed)
    return lines + [f"- {name}: new image {report.fresh_images[name]}" for name in sorted(others)]


def _send(url: str, text: str) -> None:
    kind, _, rest = url.partition("://")
    if not kind.startswith("generic"):
        log.info("Notification", service=kind, text=text)
        return
    plain = kind.endswith("+http") or "disabletls=yes" in rest
    target = f"{'http' if plain else 'https'}://{rest.partition('?')[0]}"
    request = urllib.request.Request(  # noqa: S310 - the scheme is one of the two above
        target, json.dumps({"message": text}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310
            pass
    except (OSError, urllib.error.URLError) as error:
        log.error("Failed to send notification", error=error)
