"""Lines of one service that change nothing, or not what they seem to: warnings, all of one code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.passes.bind import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.diagnostics import Report
    from composegen.model import Service
    from composegen.source import Span

_CODE = "CG207"


def idle(service: Service, updater: str, report: Report) -> None:
    """Report what has no effect beside the other lines, or with this image.

    Without an ``updater`` what is said about updates is for another machine, so it is let be.
    """
    _named_twice(service, report)
    _liveness(service, report)
    _startup(service, report)
    _build_args(service, report)
    if updater != "none":
        _update(service, report)
        _update_hooks(service, report)


def _named_twice(service: Service, report: Report) -> None:
    """Of two lines that name one variable, label or header only the last one counts."""
    last: dict[tuple[str, str], Span] = {}
    for key, name, span in reversed(list(_names(service))):
        other = last.setdefault((key, name.lower() if key == "header" else name), span)
        if other is not span:
            report.add(
                _CODE,
                span,
                f"{key} {name} stands twice: only the line {line_of(other)} counts",
                "delete one of the two lines",
            )


def _names(service: Service) -> Iterator[tuple[str, str, Span]]:
    keys = service.keys
    for field, spans in (
        ("env", keys.env),
        ("label", keys.label),
        ("header", keys.header),
        ("build-arg", keys.build_arg),
    ):
        yield from ((field, s.value.name, s.span) for s in spans)
    yield from (("depends", s.value.service, s.span) for s in keys.depends)


def _liveness(service: Service, report: Report) -> None:
    """The probe asks both questions in one run, so they share an interval."""
    health, liveness = service.health, service.keys.liveness
    if health is None or health.alive is None or liveness is None or liveness.value.interval is None:
        return
    if health.alive.interval != health.ready.interval:
        report.add(
            _CODE,
            liveness.span,
            f"liveness is asked with the healthcheck, every {health.ready.interval:g} s",
            "write the same interval in both",
        )


def _startup(service: Service, report: Report) -> None:
    """With a healthcheck only the budget of ``startup`` counts."""
    startup, check = service.keys.startup, service.keys.healthcheck
    if startup is None or check is None:
        return
    port = startup.value.port or service.port
    if (startup.value.path, port) != (check.value.path, check.value.port or service.port):
        report.add(
            _CODE,
            startup.span,
            f"startup: {startup.value.path} is not asked, as the healthcheck tells the end of the start",
            "write the path of the healthcheck here, or leave the healthcheck out",
        )


def _build_args(service: Service, report: Report) -> None:
    """An image that is deployed as FROM names it is not built."""
    if service.build is None:
        for spanned in service.keys.build_arg[:1]:
            report.add(
                _CODE,
                spanned.span,
                "build-arg has no effect: the Dockerfile is only a FROM, so nothing is built",
                "delete the line, or write the default into the Dockerfile's ARG",
            )


def _update(service: Service, report: Report) -> None:
    """An image that no registry has, and one that never changes, cannot be updated."""
    update, image = service.keys.update, service.image
    if update is None or update.value == "off" or not (image.local or image.digest):
        return
    report.add(
        _CODE,
        update.span,
        f"update = {update.value} has no effect: "
        + ("a digest always means the same image" if image.digest else "the image is built here"),
        "name a tag instead of the digest, or delete the line"
        if image.digest
        else "set COMPOSEGEN_REGISTRY in .env, name an image of a registry, or delete the line",
    )


def _update_hooks(service: Service, report: Report) -> None:
    """They are run by watchtower, around an update of its own."""
    if service.update == "auto":
        return
    for name, hook in (("pre-update", service.keys.pre_update), ("post-update", service.keys.post_update)):
        if hook is not None:
            report.add(
                _CODE,
                hook.span,
                f"{name} has no effect: watchtower leaves {service.name} alone (update = {service.update})",
                "delete the line; a command of every deploy is pre-deploy",
            )
