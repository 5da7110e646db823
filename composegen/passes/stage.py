"""What composegen keeps of a Dockerfile's instructions: one :class:`Stage` per FROM.

A value that the Dockerfile alone cannot tell (an ENV of the base image, a build argument
without default) is None or stays as written, as each field says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.source import Span

Command = tuple[str, ...] | str
"""The exec form as a tuple, the shell form as a string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expose:
    """One argument of EXPOSE; ``port`` is None for a range and for an unknown reference."""

    port: int | None
    protocol: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """A HEALTHCHECK; ``test`` is None for ``HEALTHCHECK NONE``. Options are as written."""

    test: Command | None
    span: Span
    interval: str | None = None
    timeout: str | None = None
    start_period: str | None = None
    start_interval: str | None = None
    retries: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One FROM and what follows it, up to the next FROM.

    Fields hold what this stage says itself; ``scan.final_chain`` gives the stages that it
    inherits from.
    """

    index: int
    name: str | None
    """In lower case, as Docker compares it."""
    base: str | None
    """The image or earlier stage, defaults of ARG filled in; None when they do not suffice."""
    base_span: Span
    platform: str | None
    """As written."""
    from_stage: int | None
    """Index of the earlier stage that ``base`` names."""
    span: Span
    """The FROM instruction."""
    exposes: tuple[Expose, ...] = ()
    env: Mapping[str, str | None]
    """None: not known. ``${PATH}`` in a value is the PATH of the base image."""
    shell_form_run: bool = False
    """RUN, CMD or ENTRYPOINT in shell form: the image holds the shell."""
    healthcheck: Healthcheck | None = None
    volumes: tuple[str, ...] = ()
    user: str | None = None
    workdir: str | None = None
    """Joined with earlier WORKDIRs; relative when it hangs on the base image's."""
    entrypoint: Command | None = None
    cmd: Command | None = None
    stopsignal: str | None = None
    shell: tuple[str, ...] | None = None
