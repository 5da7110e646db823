"""The target ``compose``: the stack as docker-compose.yml, its build overlay and the runner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from composegen.emit import header, parts, templates
from composegen.emit.yaml import Anchored, Commented, Flow, dump
from composegen.frontends import frontend as frontend_of
from composegen.targets import envexample
from composegen.targets.escape import merge
from composegen.targets.facts import facts
from composegen.targets.ignores import ignores
from composegen.targets.overlay import overlay
from composegen.targets.services import compose_service, needs_toolbox
from composegen.updaters import UPDATERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.diagnostics import Report
    from composegen.frontends.base import Contribution
    from composegen.model import Stack
    from composegen.updaters.base import Updates

TOOLBOX_IMAGE = "busybox:musl"
FACTS_COMMENT = (
    "What `make` reads (through `docker compose config`, so with values filled in), and the\n"
    "shape that a rebuild without .env keeps."
)


@dataclass(frozen=True, slots=True)
class Compose:
    """Writes a compose project."""

    name: str = "compose"

    def reserved(self, frontend: str, updater: str) -> frozenset[str]:
        """Return the names that a service of the user's cannot have."""
        return frozenset({"toolbox"}) | frontend_of(frontend).reserved | UPDATERS[updater].reserved

    def check(self, stack: Stack, report: Report) -> None:
        """Report values of the escape hatch that cannot be merged, and what the frontend cannot do."""
        frontend_of(stack.project.frontend).check(stack, report)
        for service in stack.services:
            if service.keys.compose:
                merge(service, compose_service(service, {}, hooked=False), report)

    def files(self, stack: Stack, report: Report) -> Mapping[str, str]:
        """Return the generated files by path."""
        frontend = frontend_of(stack.project.frontend).contribute(stack)
        updates = UPDATERS[stack.project.updater].contribute(stack)
        document = _document(stack, frontend, updates, report)
        needed = document["x-composegen"].value["required"]
        found = {"docker-compose.yml": dump(document)}
        build = overlay(stack)
        if build is not None:
            found["docker-compose.build.yml"] = dump(build)
        found |= {**frontend.files, **updates.files}
        found |= _static(toolbox="toolbox" in document["services"])
        return {path: header.seal(text) for path, text in found.items()} | {
            ".env.example": envexample.render(stack, needed),
            **ignores(stack),
        }


def _static(*, toolbox: bool) -> dict[str, str]:
    """Return the files that are the same in every project."""
    found = {f"composegen.d/run/{n}": templates.text(f"runner/{n}") for n in templates.names("runner")}
    if toolbox:
        found |= {
            f"composegen.d/toolbox/{n}": templates.text(f"toolbox/{n}") for n in templates.names("toolbox")
        }
    found["composegen.d/hold/.gitignore"] = templates.text("hold.gitignore")
    found["composegen.mk"] = templates.text("composegen.mk")
    return found


def _document(stack: Stack, frontend: Contribution, updates: Updates, report: Report) -> dict[str, Any]:
    services: dict[str, Any] = {}
    boxed = False
    for service in stack.services:
        hooked = service.name in updates.hooked
        boxed = boxed or needs_toolbox(service, hooked=hooked)
        labels = {**frontend.labels.get(service.name, {}), **updates.labels.get(service.name, {})}
        body = compose_service(service, labels, hooked=hooked)
        merge(service, body, report)
        services[service.name] = Commented(_origin(service.dockerfile), body)
    for name, generated in {**frontend.services, **updates.services}.items():
        body = generated.value
        body["labels"] = parts.labels({**frontend.labels.get(name, {}), **body["labels"]})
        services[name] = generated
    if boxed or frontend.toolbox or frontend.toolbox_volumes:
        services["toolbox"] = _toolbox(frontend)
    document: dict[str, Any] = {
        "x-logging": Anchored(
            "logging",
            parts.LOGGING_VALUE,
        ),
        "services": services,
        "networks": _networks(stack, frontend, updates),
    }
    volumes = _volumes(stack, frontend, toolbox="toolbox" in services)
    if volumes:
        document["volumes"] = volumes
    secrets = sorted(
        {s.value.name for one in stack.services for s in one.keys.secret} | set(frontend.secrets)
    )
    if secrets:
        document["secrets"] = {name: Flow({"file": f"./secrets/{name}"}) for name in secrets}
    needed = {**frontend.required, **updates.required}
    document["x-composegen"] = Commented(FACTS_COMMENT, facts(stack, needed, frontend))
    return document


def _origin(dockerfile: str) -> str:
    return f"From {dockerfile}."


def _toolbox(frontend: Contribution) -> Commented:
    body: dict[str, Any] = {
        "image": TOOLBOX_IMAGE,
        "command": Flow(["sh", "/toolbox/fill"]),
        **({"environment": dict(frontend.toolbox_environment)} if frontend.toolbox_environment else {}),
        "network_mode": "none",
        "volumes": [
            "./composegen.d/toolbox:/toolbox:ro",
            "toolbox:/.composegen/bin",
            *frontend.toolbox_volumes,
        ],
        "read_only": True,
        "cap_drop": Flow(["ALL"]),
        "cap_add": Flow(["CHOWN", "DAC_OVERRIDE", "FOWNER"]),
        "security_opt": Flow(["no-new-privileges:true"]),
        "labels": parts.UNWATCHED,
        "logging": parts.LOGGING,
    }
    return Commented(
        "Runs once before the others: puts the probe and a small shell where every container can\n"
        "run them, whatever its image holds.",
        body,
    )


def _networks(stack: Stack, frontend: Contribution, updates: Updates) -> dict[str, Any]:
    own: dict[str, Any] = {n.value: {} for s in stack.services for n in s.keys.network}
    return {
        "default": {},
        **frontend.networks,
        **updates.networks,
        **{n: v for n, v in own.items() if n not in {"default", "frontend", "socket"}},
    }


def _volumes(stack: Stack, frontend: Contribution, *, toolbox: bool) -> dict[str, Any]:
    named: dict[str, Any] = {m.source: {} for s in stack.services for m in s.mounts if not m.bind}
    return {
        **dict(sorted(named.items())),
        **frontend.volumes,
        **({"toolbox": {}} if toolbox else {}),
    }


COMPOSE = Compose()
