"""The first pass: what composegen takes from one Dockerfile.

:mod:`~composegen.passes.dockerfile` finds what Docker sees as instructions and comments,
:mod:`~composegen.passes.comments` reads the annotations, and
:mod:`~composegen.passes.stages` what the instructions say about the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.passes.comments import (
    Annotation,
    Reason,
    Suspect,
    misplaced_directive,
    read_comment,
    read_heredoc_line,
)
from composegen.passes.dockerfile import Lexed, is_directive, lex
from composegen.passes.stage import Command, Expose, Healthcheck, Stage
from composegen.passes.stages import read_stages

if TYPE_CHECKING:
    from composegen.source import Source

__all__ = [
    "Annotation",
    "Command",
    "Expose",
    "Healthcheck",
    "Reason",
    "Scanned",
    "Stage",
    "Suspect",
    "final_chain",
    "scan",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """All that composegen takes from one Dockerfile, in the order of its text."""

    source: Source
    annotations: tuple[Annotation, ...]
    suspects: tuple[Suspect, ...]
    stages: tuple[Stage, ...]
    only_from: bool
    """Nothing but one FROM, and ARG before it."""


def scan(source: Source) -> Scanned:
    """Read a Dockerfile. Never raises, whatever the text."""
    lexed = lex(source.text)
    annotations, suspects = _comments(source, lexed)
    for line in lexed.heredoc_lines:
        suspect = read_heredoc_line(source, line)
        if suspect is not None:
            suspects.append(suspect)
    suspects.sort(key=lambda suspect: suspect.span.start)
    return Scanned(
        source=source,
        annotations=tuple(annotations),
        suspects=tuple(suspects),
        stages=read_stages(source, lexed.instructions, lexed.escape),
        only_from=_only_from(lexed),
    )


def final_chain(scanned: Scanned, target: str | None = None) -> tuple[Stage, ...]:
    """Return the target stage and the earlier stages that it is FROM, nearest first.

    ``target`` is a name or, as in Docker, an index; the last stage is the default. Empty
    when there is no such stage.
    """
    stages = scanned.stages
    stage = _target(stages, target)
    chain = []
    while stage is not None:
        chain.append(stage)
        stage = None if stage.from_stage is None else stages[stage.from_stage]
    return tuple(chain)


def _target(stages: tuple[Stage, ...], target: str | None) -> Stage | None:
    if target is None:
        return stages[-1] if stages else None
    for stage in reversed(stages):
        if stage.name == target.lower():
            return stage
    return next((stage for stage in stages if str(stage.index) == target), None)


def _comments(source: Source, lexed: Lexed) -> tuple[list[Annotation], list[Suspect]]:
    annotations: list[Annotation] = []
    suspects: list[Suspect] = []
    text = source.text
    first = lexed.instructions[0].start if lexed.instructions else len(text)
    for comment in lexed.comments:
        found = read_comment(source, comment)
        if isinstance(found, Annotation):
            annotations.append(found)
        elif found is not None:
            suspects.append(found)
        elif (
            comment.start < first
            and text.find("=", *comment) > 0
            and is_directive(text[comment.start : comment.end])
        ):
            suspects.append(misplaced_directive(source, comment))
    return annotations, suspects


def _only_from(lexed: Lexed) -> bool:
    keywords = [instruction.keyword for instruction in lexed.instructions]
    return keywords[-1:] == ["FROM"] and all(keyword == "ARG" for keyword in keywords[:-1])
