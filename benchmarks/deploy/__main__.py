"""``python -m benchmarks.deploy``: one table. 1 when composegen has lost a request.

A new image is brought to a service of two replicas, behind the same Traefik, with the same load: new
connections, GET and POST in turns, each answered after 50 ms. Once with an app that ends what it has
begun on SIGTERM, once with one that exits at once. A run in which the client itself was late is repeated.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.deploy.project import HOST, peak, project
from benchmarks.deploy.ways import WAYS
from tests import load

if TYPE_CHECKING:
    from benchmarks.deploy.project import Project
    from benchmarks.deploy.ways import Way

RATE, SCALE, LEAD, REPEATS = 200.0, 2, 2.0, 3
ENDS = {"graceful": "ends what it has begun", "abrupt": "exits at once"}


@dataclass(frozen=True)
class Row:
    """What one way cost."""

    way: str
    result: load.Result
    seconds: float
    peak: int


def measure(made: Project, way: Way, ends: str) -> Row:
    """Replace what runs in one way, under load; again when the client was late."""
    for _ in range(REPEATS):
        made.build(ends)
        wanted = load.Load(
            f"http://{HOST}/slow?ms=50", made.port, rate=RATE, count=int(RATE * 2 * LEAD), limit=100_000
        )
        with load.start(wanted) as running, peak(made) as counted:
            time.sleep(LEAD)
            begun = time.monotonic()
            way.replace(made)
            spent = time.monotonic() - begun
            made.settle()
            time.sleep(LEAD)
            result = running.finish()
        if not result.late:
            return Row(way.name, result, spent, counted.most)
    sys.exit("this machine is too busy to measure: the client was late three times")


def main() -> int:
    """Measure and print."""
    lost = 0
    print(f"{'way':36} {'app on SIGTERM':24} {'lost':>6} {'of':>6} {'slowest':>9} {'took':>7}  containers")
    with tempfile.TemporaryDirectory(prefix="composegen-bench-") as root:
        for ends, about in ENDS.items():
            with project(Path(root) / ends, SCALE, ends) as made:
                for way in WAYS:
                    row = measure(made, way, ends)
                    figures = f"{row.result.lost_count:6} {row.result.sent:6} {row.result.slowest:7.2f} s"
                    figures += f" {row.seconds:5.1f} s  {row.peak:10}"
                    print(f"{row.way:36} {about:24} {figures}", flush=True)
                    lost += row.result.lost_count if way is WAYS[-1] else 0
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
