"""``python -m tests.conformance.page [--check]``: docs/reference/frontends.md, made of the expectations."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conformance.rows import groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.rows import Expected, Row

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reference" / "frontends.md"
_ROWS = {"test_rows.py", "test_expectations.py"}
_INTRO = """\
# Frontends

<!-- Made by `make docs` from tests/conformance/; do not edit. -->

A project means the same behind every frontend. The conformance suite asks each one the same list of
requests on a real engine, with certificates from an ACME server, and expects the same answers. The list
is `tests/conformance/expectations.yml`; this page is made of it.

## Where they differ
"""
_TIMES = {(1, 1): "executed once", (2, 2): "executed twice"}
_SAME = "Nowhere: every frontend answers as the list says."


def page() -> str:
    """Return the page."""
    parts = [_INTRO, _differences(), "## What each of them answers\n"]
    for group in groups():
        lines = [f"- {row.name}: `{row.request.method} {_short(row)}`{_how(row)}" for row in group.rows]
        parts.append(f"### {group.title}\n\n" + "\n".join(lines) + "\n")
    parts.append("## What takes more than one request\n\n" + "\n".join(_tests()) + "\n")
    return "\n".join(parts)


def _differences() -> str:
    lines = []
    for group in groups():
        for row in group.rows:
            for frontend, (reason, other) in sorted(row.differs.items()):
                what = f"{row.name}: {_told(row.expected, other)}"
                lines.append(
                    f"| {frontend} | {_cell(what)} | {_cell(_told(other, row.expected))} | {reason} |"
                )
    if not lines:
        return _SAME + "\n"
    head = ["| frontend | expected of all | what it does | reason |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *lines]) + "\n"


def _told(one: Expected, other: Expected) -> str:
    """Say what is expected in ``one`` and not, or otherwise, in ``other``."""
    found = []
    if one.statuses != other.statuses:
        found.append("status " + " or ".join(map(str, one.statuses)))
    if one.statuses != other.statuses and one.seen and not other.seen:
        found.append("the application is asked")
    found += [
        f"the application sees the {name} `{value}`"
        for name, value in one.seen.items()
        if name != "headers" and other.seen and other.seen.get(name) != value
    ]
    found += [
        f"the application sees {name}: {_value(value)}"
        for name, value in one.seen.get("headers", {}).items()
        if other.seen and other.seen.get("headers", {}).get(name, "") != value
    ]
    found += [
        f"{name}: {_value(value)}"
        for name, value in one.answer.items()
        if other.answer.get(name, "") != value
    ]
    if one.executed != other.executed and one.executed is not None:
        least, most = one.executed
        found.append(_TIMES.get((least, most), f"executed {least} times or more"))
    return ", ".join(found)


def _value(value: Any) -> str:
    return "not there" if value is None else f"`{value}`"


def _short(row: Row) -> str:
    """Give the request's URL; a long query says nothing here."""
    request, most = row.request, 80
    url = f"{request.scheme}://{request.host}{request.target}"
    return url if len(url) <= most else f"{url[:most]}…"


def _how(row: Row) -> str:
    """Say which answer is expected, where one status says it."""
    return f" → {' or '.join(map(str, row.expected.statuses))}"


def _tests() -> Iterator[str]:
    """List what the other tests of the suite say of themselves."""
    for path in sorted(HERE.glob("test_*.py")):
        if path.name in _ROWS:
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if (
                isinstance(node, ast.FunctionDef)
                and node.name.startswith("test_")
                and node.name != "test_row"
            ):
                name = node.name.removeprefix("test_").replace("_", " ")
                told = " ".join((ast.get_docstring(node) or "").split())
                yield f"- {name}: {told}"


def _cell(text: str) -> str:
    """Return text for a table: a bar would end the cell."""
    return text.replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` say whether it is stale; return the exit code."""
    if arguments == ["--check"]:
        if PAGE.exists() and PAGE.read_text("utf-8") == page():
            return 0
        sys.stderr.write("docs/reference/frontends.md is stale: run `make docs` and commit the result\n")
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
