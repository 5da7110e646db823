"""The build overlay: how images are built, apart from how they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composegen.emit.yaml import Commented
from composegen.targets.services import image
from composegen.text import Raw, raw

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from composegen.model import Image, Service, Stack

COMMENT = "For `make build` and `make push`: docker-compose.yml says what runs, this file how it is built."


def overlay(stack: Stack) -> dict[str, Any] | None:
    """Return the overlay, or None when nothing is built."""
    built = {s.name: s for s in stack.services if s.build is not None and s.image.owner == s.name}
    images = {s.name: s.image for s in stack.services}
    services = {
        name: _service(s, _parents(s, images, built), stack.project.place) for name, s in built.items()
    }
    return {"services": Commented(COMMENT, services)} if services else None


def _parents(service: Service, images: Mapping[str, Image], built: Collection[str]) -> dict[str, Any]:
    """Return where each FROM that names a service comes from: its build, or the image that it runs."""
    assert service.build is not None  # noqa: S101 - the caller looked
    found: dict[str, Any] = {}
    for base, name in service.build.parents:
        owner = images[name].owner
        found[base] = f"service:{owner}" if owner in built else Raw(f"docker-image://{image(images[name])}")
    return found


def _service(service: Service, parents: Mapping[str, Any], place: str) -> dict[str, Any]:
    plan = service.build
    assert plan is not None  # noqa: S101 - the caller looked
    context = (
        plan.context if plan.context in {".", ".."} or plan.context.startswith("../") else f"./{plan.context}"
    )
    build: dict[str, Any] = {
        "context": context,
        # As seen from the context, which is how Compose wants it.
        "dockerfile": plan.seen(plan.dockerfile, place),
    }
    if plan.options and plan.options.target:
        build["target"] = plan.options.target
    if plan.args:
        build["args"] = {name: raw(value or "") for name, value in plan.args}
    if plan.options and plan.options.platform:
        build["platforms"] = [plan.options.platform]
    if parents:
        build["additional_contexts"] = dict(parents)
    found: dict[str, Any] = {"image": image(service.image), "build": build}
    return found
