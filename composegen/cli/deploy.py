"""``composegen deploy``."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from composegen.cli.deploying import carry_out, machine_here, options
from composegen.cli.listing import SERVICES

if TYPE_CHECKING:
    from pathlib import Path

    from composegen.deploys.planned import Request
    from composegen.deploys.requests import Desk


@click.command()
@SERVICES
@click.option("--image", metavar="REF", help="Deploy and pin this tag, reference or digest (one SERVICE).")
@click.option(
    "--no-pull",
    "no_pull",
    is_flag=True,
    help="Ask no registry about images that are here: take those accepted last, and what was built last.",
)
@options
def deploy(
    *,
    services: tuple[str, ...],
    image: str | None,
    no_pull: bool,
    bake: float | None,
    timeout: float | None,
    surge: int | None,
    yes: bool,
) -> None:
    """Bring what runs to what docker-compose.yml, .env and the registry say, without losing requests.

    Services with a scale of 1 or more are rolled: new containers get requests once they have stayed
    ready, and only then the old ones are drained and removed. Others stop first; the old container is
    started again when the new one does not get ready. `composegen plan` shows the same plan and changes
    nothing.

    Exit 0: done; 1: not agreed to; 3: no engine answers; 4: it failed, and the old release goes on;
    5: locked by another command.
    """
    from composegen.deploys.planned import Request
    from composegen.errors import UsageError

    if image is not None and len(services) != 1:
        raise UsageError("--image goes with one service", "composegen deploy SERVICE --image REF")
    if image is not None and no_pull:
        raise UsageError("--image and --no-pull exclude each other")

    def request(desk: Desk) -> Request:
        if image is not None:
            return desk.pinned_to(services[0], image)
        return Request(services=services, look=not no_pull)

    machine = machine_here()
    _folders(machine.folder)
    carry_out(
        machine,
        request,
        how="deploy",
        command=" ".join(["composegen deploy", *services]),
        bake=bake,
        timeout=timeout,
        surge=surge,
        yes=yes,
    )


def _folders(folder: Path) -> None:
    """Let the runner make the folders and volumes that new containers need, with owner and mode."""
    script = folder / "composegen.d" / "run" / "dirs.sh"
    # The runner has made them; from inside of composegen's own image those elsewhere are out of reach.
    if os.environ.get("COMPOSEGEN_FOLDERS") == "made" or not script.is_file():
        return
    sys.stdout.flush()
    done = subprocess.run(["sh", str(script)], cwd=folder, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(done.returncode)
