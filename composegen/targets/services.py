"""One service of the user's as a compose service; the order of the keys is that of the output."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from composegen.emit import parts
from composegen.emit.yaml import Flow
from composegen.keys.lifecycle import CONDITIONS
from composegen.text import Raw, raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.keys.service import ServiceKeys
    from composegen.keys.values import Command
    from composegen.model import Health, Image, Probe, Service
    from composegen.source import Spanned

PROJECT = Raw("${COMPOSE_PROJECT_NAME}")
_SYSTEM = ("COMPOSEGEN_", "MYPAAS_")
"""Under MyPaas these come after the user's variables, and win."""


def image(found: Image) -> Raw:
    """Return the image: the variable that pins it, else its reference."""
    return Raw(f"${{{found.variable}:-{raw(found.reference)}}}")


def compose_service(service: Service, labels: Mapping[str, Any], *, hooked: bool) -> dict[str, Any]:
    """Return the service's body. ``labels`` come from frontend and updater."""
    keys = service.keys
    toolbox = needs_toolbox(service, hooked=hooked)
    body: dict[str, Any] = {"image": image(service.image)}
    if service.image.local:
        body["pull_policy"] = "never"
    if service.manual:
        body["profiles"] = Flow(["manual"])
    if service.replicas > 1:
        body["scale"] = service.replicas
    body["restart"] = keys.restart.value if keys.restart else "unless-stopped"
    if keys.init is not None:
        body["init"] = keys.init.value
    elif service.health is not None and service.health.alive is not None:
        body["init"] = True
    _process(keys, body)
    body["environment"] = _environment(service, toolbox=toolbox)
    if keys.secret:
        body["secrets"] = [_secret(s.value.name, s.value.target) for s in keys.secret]
    if keys.publish:
        body["ports"] = [
            _port(p.value.ip, p.value.published, p.value.target, p.value.protocol) for p in keys.publish
        ]
    _mounts(service, body, toolbox=toolbox)
    body["networks"] = _networks(service)
    if keys.extra_host:
        body["extra_hosts"] = [h.value for h in keys.extra_host]
    if service.health is not None:
        body["healthcheck"] = _healthcheck(service, service.health)
    _order(service, body, toolbox=toolbox)
    _limits(keys, body)
    _rights(keys, body)
    found = {**labels, **{a.value.name: raw(a.value.value or "") for a in keys.label}}
    if found:
        body["labels"] = parts.labels(found)
    body["logging"] = parts.LOGGING
    return body


def needs_toolbox(service: Service, *, hooked: bool) -> bool:
    """Whether the container runs scripts of the toolbox."""
    health = service.health
    if hooked or service.routed or (health is not None and health.alive is not None):
        return True
    return health is not None and health.ready.kind in {"http", "tcp"}


def _text(value: Spanned[str] | None) -> Raw | None:
    return None if value is None else raw(value.value)


def _process(keys: ServiceKeys, body: dict[str, Any]) -> None:
    found = {
        "user": _text(keys.user),
        "working_dir": _text(keys.workdir),
        "entrypoint": _command(keys.entrypoint),
        "command": _command(keys.command),
    }
    body |= {name: value for name, value in found.items() if value is not None}


def _command(value: Spanned[Command] | None) -> Any:
    if value is None:
        return None
    words = value.value.words
    return raw(words) if isinstance(words, str) else Flow([raw(w) for w in words])


def _environment(service: Service, *, toolbox: bool) -> dict[str, Any]:
    keys = service.keys
    found: dict[str, Any] = {
        "COMPOSEGEN_PROJECT": PROJECT,
        "COMPOSEGEN_SERVICE": service.name,
        "COMPOSEGEN_SCALE": str(service.replicas),
    }
    if service.port is not None:
        found["PORT"] = str(service.port)
    if service.mypaas:
        found |= {
            "MYPAAS_SERVICE": service.name,
            # An app may tell "not scaling" from a number: MyPaas writes None where no scale is given.
            "MYPAAS_SCALE": str(service.replicas if keys.scale else None),
            "MYPAAS_PORT": str(service.port or 80),
        }
    if toolbox and service.has_shell is False:
        # watchtower runs the hook with `sh`, which this image does not have.
        found["PATH"] = f"{service.path}:{parts.TOOLS}"
    for spanned in keys.env:
        name, value = spanned.value.name, spanned.value.value
        if value is None:
            found[name] = Raw(f"${{{name}?}}")
        elif name == "PATH" and name in found:
            found[name] = Raw(f"{raw(value)}:{parts.TOOLS}")
        elif not (service.mypaas and name.startswith(_SYSTEM)):
            found[name] = raw(value)
    return found


def _secret(name: str, target: str | None) -> Any:
    return name if target is None else Flow({"source": name, "target": target})


def _port(ip: str | None, published: str | None, target: str, protocol: str) -> str:
    address = "" if ip is None else f"[{ip}]:" if ":" in ip else f"{ip}:"
    host = "" if published is None else f"{published}:"
    return f"{address}{host or (':' if address else '')}{target}{'' if protocol == 'tcp' else '/' + protocol}"


def _mounts(service: Service, body: dict[str, Any], *, toolbox: bool) -> None:
    found: list[Any] = [_volume(m.source, m.target, m.flags) for m in service.mounts]
    found += [_volume(c.value.source, c.value.target, "ro") for c in service.keys.config]
    if toolbox:
        found.append(parts.TOOLBOX_MOUNT)
    if service.routed:
        found.append(parts.HOLD_MOUNT)
    if found:
        body["volumes"] = found
    if service.keys.tmpfs:
        body["tmpfs"] = [t.value for t in service.keys.tmpfs]


def _volume(source: str, target: str, flags: str) -> Any:
    if len(source) == 1 and source.isalpha():  # Compose would take `a:/b` for a path of Windows
        nocopy = {"volume": {"nocopy": True}} if "nocopy" in flags.split(",") else {}
        only = {"read_only": True} if "ro" in flags.split(",") else {}
        return Flow({"type": "volume", "source": source, "target": target, **only, **nocopy})
    return raw(f"{source}:{target}{':' + flags if flags else ''}")


def _networks(service: Service) -> Any:
    """Return the networks; the project's alias stands on one of them only.

    A replica that is on two networks with the alias would be counted twice by whoever asks
    the DNS how many there are.
    """
    home = "frontend" if service.routed else "default"
    alias = {"aliases": Flow([Raw(f"{PROJECT}-{service.name}")])}
    names = [
        "default",
        *(["frontend"] if service.routed else []),
        *(n.value for n in service.keys.network),
    ]
    return {n: alias if n == home else {} for n in dict.fromkeys(names)}


def _healthcheck(service: Service, health: Health) -> dict[str, Any]:
    ready = health.ready
    if not needs_toolbox(service, hooked=False):
        if ready.kind == "none":
            return {"disable": True}
        test = (
            ["CMD-SHELL", raw(ready.words[2])] if ready.words[:2] == ("sh", "-c") else ["CMD", *ready.words]
        )
        return {
            "test": Flow(test),
            **parts.timing(
                interval=ready.interval,
                timeout=ready.timeout,
                retries=ready.retries,
                budget=health.budget,
            ),
        }
    return {
        "test": Flow(probe_words(health)),
        **parts.timing(interval=ready.interval, timeout=_longest(health), retries=1, budget=health.budget),
    }


def _longest(health: Health) -> float:
    alive = parts.probe_timeout(health.alive) + parts.LIVE_GRACE if health.alive else 0.0
    return parts.probe_timeout(health.ready) + alive


def probe_words(health: Health) -> list[Any]:
    """Return the words of the generated probe (``composegen.d/toolbox/probe``)."""
    words: list[Any] = ["CMD", parts.SHELL, f"{parts.TOOLS}/probe", *_options(health.ready)]
    words += [raw(w) for w in parts.check_words(health.ready)]
    if health.alive is not None:
        words += [
            "--",
            "live",
            *_options(health.alive),
            f"--startup={math.ceil(health.budget)}",
            *[raw(w) for w in parts.check_words(health.alive)],
        ]
    return words


def _options(probe: Probe) -> list[str]:
    if probe.kind == "none":
        return []
    options = [f"--tries={probe.retries}", f"--timeout={parts.whole(probe.timeout)}"]
    return [*options, "--loopback"] if probe.loopback else options


def _order(service: Service, body: dict[str, Any], *, toolbox: bool) -> None:
    depends = {name: Flow({"condition": CONDITIONS[condition]}) for name, condition in service.depends}
    if toolbox:
        depends["toolbox"] = Flow({"condition": CONDITIONS["completed"]})
    if depends:
        body["depends_on"] = depends
    if service.keys.stop_grace is not None:
        body["stop_grace_period"] = parts.seconds(service.grace)
    if service.keys.stop_signal is not None:
        body["stop_signal"] = service.keys.stop_signal.value


def _limits(keys: ServiceKeys, body: dict[str, Any]) -> None:
    limits = {"cpus": _text(keys.maxcpu), "memory": _text(keys.maxmem)}
    reservations = {"cpus": _text(keys.mincpu), "memory": _text(keys.minmem)}
    pids: Any = None
    if keys.pids is not None:
        pids = int(keys.pids.value) if keys.pids.value.isdigit() else _text(keys.pids)
    found = {
        "limits": {k: v for k, v in {**limits, "pids": pids}.items() if v is not None},
        "reservations": {k: v for k, v in reservations.items() if v is not None},
    }
    resources = {k: Flow(v) for k, v in found.items() if v}
    if resources:
        body["deploy"] = {"resources": resources}


def _rights(keys: ServiceKeys, body: dict[str, Any]) -> None:
    hardened = bool(keys.harden and keys.harden.value)
    if hardened or keys.readonly is not None:
        body["read_only"] = keys.readonly.value if keys.readonly else True
    drop = [c.value for c in keys.cap_drop]
    if hardened and "ALL" not in drop:
        drop.insert(0, "ALL")
    if drop:
        body["cap_drop"] = Flow(drop)
    if keys.cap_add:
        body["cap_add"] = Flow([c.value for c in keys.cap_add])
    if hardened:
        body["security_opt"] = Flow(["no-new-privileges:true"])
