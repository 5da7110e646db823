"""What the commands that look at a running project share: services and the format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICES: Callable[[Any], Any] = click.argument("services", metavar="[SERVICE]...", nargs=-1)
LISTING: Callable[[Any], Any] = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is shown.",
)
