"""``python -m tests.rewrite_golden [CASE…]``: what is built now becomes what is expected.

The git diff is the review. ``static`` comes first, as the others are compared with it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests import cases


def main(names: list[str]) -> int:
    """Rewrite the cases of these names (all, when there are none); 1 when one cannot be."""
    unknown = set(names) - {c.name for root in (cases.GOLDEN, cases.ERRORS) for c in cases.cases(root)}
    for name in sorted(unknown):
        print(f"no case {name}", file=sys.stderr)  # noqa: T201 - a command line prints
    failed = bool(unknown)
    golden = sorted(cases.cases(cases.GOLDEN), key=lambda c: c.name != cases.STATIC)
    for case in (*golden, *cases.cases(cases.ERRORS)):
        if names and case.name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            built = cases.build(case, Path(folder) / "project")
        wanted = int(case.path.parent == cases.ERRORS)
        if built.code != wanted:
            print(f"{case.name}: ends with {built.code}\n{built.said}", file=sys.stderr)  # noqa: T201
            failed = True
        elif wanted:
            cases.rewrite_diagnostics(case, built)
        else:
            cases.rewrite(case, built)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
