"""A container as a round saw it when it began: what its labels and its state say."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from .engine import Engine, EngineError, GoneError
from .settings import Settings, truth

PREFIX = "com.centurylinklabs.watchtower"
_PROJECT = "com.docker.compose.project"
_DEPENDS = "com.docker.compose.depends_on"
_NONE = "none"
_DEFAULT_HOOK_MINUTES = 1


@dataclass(frozen=True)
class Container:
    """One container and the image that it runs; `image` is None when that is gone."""

    facts: dict[str, Any]
    image: dict[str, Any] | None

    @property
    def id(self) -> str:
        """The full id."""
        return str(self.facts["Id"])

    @property
    def name(self) -> str:
        """The name without its slash."""
        return str(self.facts["Name"]).lstrip("/")

    @property
    def config(self) -> dict[str, Any]:
        """What it was created with."""
        return dict(self.facts["Config"])

    @property
    def host(self) -> dict[str, Any]:
        """How the host runs it."""
        return dict(self.facts["HostConfig"])

    @property
    def image_name(self) -> str:
        """The reference that it was created from."""
        name = str(self.facts["Config"]["Image"])
        return name if ":" in name else f"{name}:latest"

    @property
    def pinned(self) -> bool:
        """Say whether its image is named by digest or id, so that it is never looked at."""
        return "@sha256:" in self.image_name or self.image_name.startswith("sha256:")

    @property
    def running(self) -> bool:
        """Say whether it ran; a restarting container counts."""
        return bool(self.facts["State"]["Running"])

    @property
    def restarting(self) -> bool:
        """Say whether the engine was about to start it again."""
        return bool(self.facts["State"]["Restarting"])

    @property
    def is_watchtower(self) -> bool:
        """Say whether it is a watchtower."""
        return truth(self._label("", "")) is True

    @property
    def scope(self) -> str:
        """The scope it belongs to."""
        return self._label(".scope", "") or _NONE

    @property
    def signal(self) -> str:
        """The signal that stops it."""
        return self._label(".stop-signal", "") or self.config.get("StopSignal") or "SIGTERM"

    @property
    def grace(self) -> int | None:
        """Seconds between that signal and SIGKILL, when it has its own."""
        grace = self.config.get("StopTimeout")
        return None if grace is None else int(grace)

    def wanted(self, settings: Settings) -> bool:
        """Say whether this watchtower looks after it."""
        enabled = truth(self._label(".enable", ""))
        if enabled is False or (enabled is None and settings.label_enable):
            return False
        return self.scope == (settings.scope or _NONE)

    def monitor_only(self, settings: Settings) -> bool:
        """Say whether it is looked at and left alone."""
        return self._either(".monitor-only", settings, everywhere=settings.monitor_only)

    def no_pull(self, settings: Settings) -> bool:
        """Say whether only the local tag counts."""
        return self._either(".no-pull", settings, everywhere=settings.no_pull)

    def hook(self, when: str) -> str:
        """Give the command of a lifecycle hook; empty when there is none."""
        return self._label(f".lifecycle.{when}", "")

    def hook_minutes(self, when: str) -> int:
        """Give a hook's time limit in minutes; 0 is none."""
        text = self._label(f".lifecycle.{when}-timeout", "")
        return int(text) if text.lstrip("-").isdigit() else _DEFAULT_HOOK_MINUTES

    def links(self, settings: Settings) -> list[str]:
        """Name what it depends on, by the first source that says anything."""
        project = self._labels().get(_PROJECT, "")
        own = [name.strip().lstrip("/") for name in self._label(".depends-on", "").split(",")]
        compose: list[str] = []
        if settings.compose_depends_on:
            text = self._labels().get(_DEPENDS, "")
            compose = [_qualified(part.split(":")[0], project) for part in text.split(",")]
        links = [link.split(":")[0] for link in self.host.get("Links") or []]
        mode = str(self.host.get("NetworkMode") or "")
        if mode.startswith("container:"):
            links.append(mode.removeprefix("container:"))
        host = [_qualified(link.lstrip("/"), project) for link in links]
        for source in (own, compose, host):
            found = [name for name in source if name and name != self.name]
            if found:
                return found
        return []

    def watch_labels(self) -> dict[str, str]:
        """Give the labels that are for watchtower."""
        return {key: value for key, value in self._labels().items() if key.startswith(PREFIX + ".")}

    def _labels(self) -> dict[str, str]:
        return self.facts["Config"].get("Labels") or {}

    def _label(self, name: str, default: str) -> str:
        return self._labels().get(PREFIX + name, default)

    def _either(self, label: str, settings: Settings, *, everywhere: bool) -> bool:
        """Say whether label or setting is on; with precedence the label alone decides."""
        own = truth(self._label(label, ""))
        if own is None:
            return everywhere
        return own if settings.label_precedence else own or everywhere


def load(engine: Engine, container: str) -> Container:
    """Look at one container."""
    facts = engine.inspect(container)
    try:
        return Container(facts, engine.image(facts["Image"]))
    except EngineError:
        return Container(facts, None)


def everyone(engine: Engine, settings: Settings) -> list[Container]:
    """Look at all containers in the states that the settings include."""
    states = ["running"]
    states += ["created", "exited"] if settings.include_stopped else []
    states += ["restarting"] if settings.include_restarting else []
    found = []
    for container in engine.containers(*states):
        with contextlib.suppress(GoneError):
            found.append(load(engine, container))
    return found


def _qualified(name: str, project: str) -> str:
    if not name or not project or name.startswith(f"{project}-"):
        return name
    return f"{project}-{name}"
