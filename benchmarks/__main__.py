"""`make bench`: what composegen costs, as ratios against a named peer in the same run.

Absolute times on shared machines mean little; each figure here is the minimum of interleaved runs
and stands beside the minimum of its peer. Nothing here decides whether a build passes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SERVICE = """\
# composegen.service = {name}
# composegen.url = https://{name}.example.com
# composegen.port = 8000
# composegen.scale = 2
# composegen.env = DATABASE_URL=postgres://db/{name}
# composegen.env = LOG=info
# composegen.healthcheck = /health
# composegen.maxmem = 256m
# composegen.volume = {name}-data:/data
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
EXPOSE 8000
CMD ["gunicorn", "app:app"]
"""
ENV = "COMPOSEGEN_ACME_EMAIL=a@b.example\nCOMPOSEGEN_REGISTRY=registry.example.com/shop\n"
PYTHON = sys.executable
COMPOSEGEN = [PYTHON, "-m", "composegen"]


@dataclass(frozen=True)
class Row:
    """One comparison: what, against what, how often, and the bar on the ratio."""

    what: str
    command: list[str]
    peer_name: str
    peer: list[str]
    folder: Path | None
    rounds: int
    bar: float


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and MiB at the peak."""

    seconds: float
    mib: float


def cost(command: list[str], folder: Path | None) -> Cost:
    """Run a command once."""
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}: {errors.decode()}")
    return Cost(seconds, usage.ru_maxrss / 1024)


def least(row: Row) -> tuple[Cost, Cost]:
    """Return the minima of command and peer, run in turns."""
    mine, peers = [], []
    for _ in range(row.rounds):
        mine.append(cost(row.command, row.folder))
        peers.append(cost(row.peer, row.folder))
    return _minimum(mine), _minimum(peers)


def _minimum(costs: list[Cost]) -> Cost:
    return Cost(min(c.seconds for c in costs), min(c.mib for c in costs))


def project(root: Path, services: int) -> Path:
    """Write a project of ``services`` services and build it once."""
    folder = root / f"p{services}"
    for number in range(services):
        name = f"s{number:05d}"
        (folder / name).mkdir(parents=True)
        (folder / name / "Dockerfile").write_text(SERVICE.format(name=name))
    (folder / ".env").write_text(ENV)
    cost([*COMPOSEGEN, "build"], folder)
    return folder


def rows(root: Path) -> list[Row]:
    """Return what is compared."""
    imports = "import click, yaml, jinja2"
    check = [*COMPOSEGEN, "build", "--stdout"]
    config = ["docker", "compose", "config", "-q"]
    found = [
        Row(
            "composegen --version",
            [*COMPOSEGEN, "--version"],
            "python -c 'import click'",
            [PYTHON, "-c", "import click"],
            None,
            30,
            1.5,
        ),
        Row(
            "build, 1 service",
            check,
            f"python -c '{imports}'",
            [PYTHON, "-c", imports],
            project(root, 1),
            30,
            2.0,
        ),
    ]
    for services, rounds in ((1_000, 5), (10_000, 1)):
        folder = project(root, services)
        found.append(
            Row(
                f"build, {services:,} services",
                check,
                "docker compose config -q",
                config,
                folder,
                rounds,
                0.5,
            )
        )
    return found


def main() -> int:
    """Print the table; 1 when a bar is missed."""
    missed = 0
    print(f"{'what':24} {'seconds':>8} {'MiB':>6}   {'peer':42} {'seconds':>8} {'MiB':>6}   ratio  bar")
    with tempfile.TemporaryDirectory(prefix="composegen-bench-") as root:
        for row in rows(Path(root)):
            mine, peer = least(row)
            ratio = mine.seconds / peer.seconds
            missed += ratio > row.bar
            costs = f"{mine.seconds:8.3f} {mine.mib:6.0f}   {row.peer_name:42} "
            costs += f"{peer.seconds:8.3f} {peer.mib:6.0f}"
            print(f"{row.what:24} {costs}   {ratio:5.2f}  {row.bar}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
