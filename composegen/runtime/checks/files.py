"""The project's files: are they up to date, .env and its variables, secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from composegen.diagnostics import Severity
from composegen.runtime.checks.base import Finding, Place, fail, ok, warn
from composegen.runtime.checks.machine import private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.building import Prepared
    from composegen.diagnostics import Report

_READABLE = 0o444
_PIN = "COMPOSEGEN_IMAGE_"
_COMMENT = re.compile(r"^# (COMPOSEGEN_IMAGE_\w+) replaces (.*)$", re.MULTILINE)


def build(prepared: Prepared, report: Report) -> Finding:
    """Check that the annotations are right and the files up to date, as ``build --check`` does."""
    errors = [d for d in report if d.severity is Severity.ERROR]
    if errors:
        codes = ", ".join(dict.fromkeys(f"{d.code} in {d.where}" for d in errors))
        return fail("files", f"the project has errors: {codes}", "`composegen check` shows them")
    stale = [c.path for c in prepared.changes] + prepared.stale
    if stale:
        shown = ", ".join(stale[:3]) + (f" and {len(stale) - 3} more" if len(stale) > len(stale[:3]) else "")
        return fail("files", f"not up to date with the annotations: {shown}", "run `composegen build`")
    return ok("files", "the generated files are up to date")


def env(place: Place) -> Iterator[Finding]:
    """Check that .env is there, private, and has what ``up`` requires. Values are never shown."""
    path = place.folder / ".env"
    required = place.section("required")
    if not path.exists():
        if required:
            yield fail(
                "env",
                "there is no .env",
                "copy .env.example to .env and fill it in, or run `composegen init`",
            )
        else:
            yield ok("env", "there is no .env, and none is needed")
    elif not path.is_file():
        yield fail("env", ".env is no file", "move it away, and copy .env.example to .env")
    elif not private(path):
        yield warn("env", ".env can be read by other users of this machine", "chmod 600 .env")
    else:
        yield ok("env", ".env is there, and private")
    missing = [n for n, how in required.items() if not _there(place, n, how)]
    for name in missing:
        yield fail("env", f"{name} has no value", f"add the line {name}=… to .env; .env.example says more")
    if required and not missing:
        yield ok("env", "all required variables have a value")


def _there(place: Place, name: str, how: str) -> bool:
    return bool(place.values.get(name)) if how == "filled" else name in place.values


def secrets(place: Place) -> Iterator[Finding]:
    """Check the files that containers mount from secrets/: there, readable, in a private folder."""
    names = _secrets(place)
    if not names:
        return
    folder = place.folder / "secrets"
    if folder.is_dir() and not private(folder):
        yield fail("secrets", "other users can enter the folder secrets", "chmod 700 secrets")
    bad = False
    for name in names:
        path = folder / name
        if not path.is_file():
            bad = True
            yield fail("secrets", f"secrets/{name} is missing", f"write the secret into secrets/{name}")
        elif path.stat().st_mode & _READABLE != _READABLE:
            bad = True
            yield warn(
                "secrets",
                f"secrets/{name} cannot be read by every container's user",
                f"chmod 444 secrets/{name}",
            )
    if not bad:
        yield ok("secrets", f"{len(names)} secrets are there")


def _secrets(place: Place) -> list[str]:
    """Return the names in the section ``secrets`` of the compose file."""
    text = place.compose_text.partition("\nsecrets:\n")[2]
    found = []
    for line in text.splitlines():
        if not line.startswith("  "):
            break
        found.append(line.strip().partition(":")[0].strip('"'))
    return found


def pins(place: Place) -> Iterator[Finding]:
    """Report images that .env pins: watchtower and new tags pass them by."""
    replaced = _replaced(place)
    for name, value in sorted(place.values.items()):
        if not name.startswith(_PIN) or not value:
            continue
        was, now = replaced.get(name, ""), place.references.get(name, "")
        mend = "`composegen release unpin SERVICE`, or take its line out of .env, to follow the tag again"
        if was and now and was != now:
            message = f"a pin is in the way: {name} replaced {was}, and now it would be {now}"
            yield warn("pins", message, mend)
        elif place.references and not now:
            gone = f"{name} pins an image that no service has any more: {value}"
            yield warn("pins", gone, "take its line out of .env; a service that was renamed is not pinned")
        else:
            yield warn("pins", f"{name} pins an image: {value}", mend)


def _replaced(place: Place) -> dict[str, str]:
    """Return what each pin replaced, as the comments that deploys write into .env say."""
    try:
        text = (place.folder / ".env").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {m[1]: m[2].strip() for m in _COMMENT.finditer(text)}


def interrupted(place: Place) -> Iterator[Finding]:
    """Report a deploy that did not end: make starts nothing until it is settled."""
    if any((place.folder / ".composegen").glob("intent*")):
        yield fail("deploys", "a deploy was interrupted", "`composegen deploy` finishes or undoes it")
