"""The order of the passes: sources and settings in, files and findings out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from composegen.passes.bind import bind
from composegen.passes.check import check, check_names
from composegen.passes.dotenv import parse_env
from composegen.passes.images import declared
from composegen.passes.resolve import resolve
from composegen.passes.scan import scan
from composegen.passes.settings import read_settings
from composegen.source import Source, visible
from composegen.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from composegen.diagnostics import Report
    from composegen.model import Project, Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Everything that a build depends on; nothing else does."""

    sources: Sequence[Source]
    env: Source = field(default_factory=lambda: Source(".env", ""))
    environ: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    shape: Mapping[str, str] = field(default_factory=dict)
    exists: Callable[[str], bool] = lambda _: True
    place: str = "/"


@dataclass(frozen=True, slots=True)
class Output:
    """The files by path; empty when there are errors. ``stack`` is None when none could be made."""

    files: Mapping[str, str]
    stack: Stack | None


def compile_project(given: Input, report: Report) -> Output:
    """Run all passes. Every mistake of every file is in ``report`` afterwards."""
    settings = read_settings(
        given.given, given.environ, parse_env(given.env, given.environ), given.shape, report
    )
    project = replace(settings, place=given.place)
    stack = _stack(given, project, report)
    failed = report.has_errors
    if stack is None or failed:
        return Output({}, stack)
    files = TARGETS["compose"].files(stack, report)
    return Output({} if report.has_errors else files, stack)


def _stack(given: Input, project: Project, report: Report) -> Stack | None:
    found = []
    for source in given.sources:
        if visible(source.name) != source.name:
            report.add(
                "CG512",
                source.name,
                "the name of this file cannot stand in a generated file",
                "rename it: no control characters, nothing invisible, UTF-8",
            )
            continue
        scanned = scan(source)
        keys = bind(scanned, report)
        if keys is None:
            continue
        if not scanned.stages:
            report.add(
                "CG505",
                keys.service.span,
                f"{source.name} has no FROM",
                "add a line such as: FROM alpine",
            )
            continue
        found.append(declared(scanned, keys))
    if not found:
        if not report.has_errors:
            report.add(
                "CG504",
                ".",
                "no Dockerfile here declares a service",
                "add a line such as `# composegen.service = web` to a Dockerfile, or run `composegen init`",
            )
        return None
    check_names(found, TARGETS["compose"].reserved(project.frontend, project.updater), report)
    stack = resolve(found, project, report)
    check(stack, given.exists, report)
    TARGETS["compose"].check(stack, report)
    return stack
