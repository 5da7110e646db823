"""A service's configuration field by field, from Compose's side and from the engine's.

Only for telling a person what differs: whether anything does, Compose's hash says. Values are kept
as digests, as some are secrets. Fields that both sides show differently by nature are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PREFIXES = ("com.docker.compose.", "desktop.docker.")
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_FILES = ("/run/secrets/", "/run/configs/")
_HEALTH = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
}
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def digest(value: Any) -> str:
    """Return a short digest of a value; '' for nothing."""
    if value in (None, "", [], {}, False):
        return ""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def seconds(text: Any) -> float:
    """Return a duration of Compose's (``1m30s``, or nanoseconds as a number) in seconds."""
    if text in (None, ""):
        return 0.0
    if isinstance(text, (int, float)):
        return text / 1e9
    total, number, unit = 0.0, "", ""
    for character in f"{text}0":
        if character.isdigit() or character == ".":
            if unit:
                total += float(number) * _UNITS[unit]
                number, unit = "", ""
            number += character
        else:
            unit += character
    return total


def of_service(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the traits of a service as ``docker compose config`` resolves it."""
    limits = ((body.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    found: dict[str, Any] = {
        **{f"environment {k}": f"={v}" for k, v in (body.get("environment") or {}).items() if v is not None},
        **{f"label {k}": f"={v}" for k, v in (body.get("labels") or {}).items()},
        "command": body.get("command"),
        "entrypoint": body.get("entrypoint"),
        "user": body.get("user"),
        "workdir": body.get("working_dir"),
        "stop-signal": body.get("stop_signal"),
        "restart": "" if body.get("restart") == "no" else body.get("restart"),
        "init": body.get("init"),
        "readonly": body.get("read_only"),
        "cap-add": _capabilities(body.get("cap_add")),
        "cap-drop": _capabilities(body.get("cap_drop")),
        "extra-host": sorted(h.replace("=", ":", 1) for h in body.get("extra_hosts") or ()),
        "tmpfs": sorted(str(t).partition(":")[0] for t in body.get("tmpfs") or ()),
        "maxmem": int(limits.get("memory") or body.get("mem_limit") or 0),
        "maxcpu": round(float(limits.get("cpus") or 0) * 100),
        "pids": int(limits.get("pids") or 0),
        "publish": sorted(_published(body.get("ports") or ())),
        "healthcheck": _health(body.get("healthcheck")),
    }
    if body.get("stop_grace_period"):
        found["stop-grace"] = round(seconds(body["stop_grace_period"]))
    found |= {f"volume {m['target']}": _mount(m) for m in body.get("volumes") or ()}
    return {k: d for k, v in found.items() if (d := digest(v))}


def of_container(inspect: Mapping[str, Any]) -> dict[str, str]:
    """Return the traits of a container as ``docker inspect`` shows it, the image's own included."""
    config, host = inspect.get("Config") or {}, inspect.get("HostConfig") or {}
    policy = host.get("RestartPolicy") or {}
    bindings = (host.get("PortBindings") or {}).items()
    found: dict[str, Any] = {
        **_of_config(config),
        "restart": _restart(policy),
        "init": host.get("Init"),
        "readonly": host.get("ReadonlyRootfs"),
        "cap-add": _capabilities(host.get("CapAdd")),
        "cap-drop": _capabilities(host.get("CapDrop")),
        "extra-host": sorted(host.get("ExtraHosts") or ()),
        "tmpfs": sorted(host.get("Tmpfs") or ()),
        "maxmem": host.get("Memory"),
        "maxcpu": round((host.get("NanoCpus") or 0) / 1e7),
        "pids": host.get("PidsLimit") or 0,
        "publish": sorted(
            f"{b.get('HostIp') or ''}:{b.get('HostPort') or ''}:{p}" for p, bs in bindings for b in bs or ()
        ),
        "stop-grace": config.get("StopTimeout"),
    }
    found |= {f"volume {m['Destination']}": _mounted(m) for m in inspect.get("Mounts") or () if _named(m)}
    return {k: d for k, v in found.items() if (d := digest(v))}


def of_image(inspect: Mapping[str, Any]) -> dict[str, str]:
    """Return what an image gives its containers."""
    return {k: d for k, v in _of_config(inspect.get("Config") or {}).items() if (d := digest(v))}


def differences(
    wanted: Mapping[str, str], there: Mapping[str, str], image: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the names of the fields in which a container differs; ``image`` are its image's own."""
    found = {k for k, v in wanted.items() if there.get(k) != v}
    found |= {k for k, v in there.items() if k not in wanted and image.get(k) != v}
    return tuple(sorted(found))


def _of_config(config: Mapping[str, Any]) -> dict[str, Any]:
    pairs = (e.partition("=") for e in config.get("Env") or ())
    return {
        **{f"environment {name}": f"={value}" for name, _, value in pairs},
        **{
            f"label {name}": f"={value}"
            for name, value in (config.get("Labels") or {}).items()
            if not name.startswith(_PREFIXES)
        },
        "command": config.get("Cmd"),
        "entrypoint": config.get("Entrypoint"),
        "user": config.get("User"),
        "workdir": config.get("WorkingDir"),
        "stop-signal": config.get("StopSignal"),
        "healthcheck": _checked(config.get("Healthcheck")),
    }


def _restart(policy: Mapping[str, Any]) -> str:
    name, tries = policy.get("Name") or "", policy.get("MaximumRetryCount")
    return f"{name}:{tries}" if tries else "" if name == "no" else str(name)


def _capabilities(names: Iterable[str] | None) -> list[str]:
    return sorted(n.upper().removeprefix("CAP_") for n in names or ())


def _health(body: Mapping[str, Any] | None) -> Any:
    if not body:
        return None
    if body.get("disable") or body.get("test") == ["NONE"]:
        return ["NONE"]
    return [
        body.get("test"),
        *(round(seconds(body.get(k)) * 1000) for k in _HEALTH),
        body.get("retries") or 0,
    ]


def _checked(found: Mapping[str, Any] | None) -> Any:
    if not found or not found.get("Test"):
        return None
    if found["Test"] == ["NONE"]:
        return ["NONE"]
    figures = (round((found.get(k) or 0) / 1e6) for k in _HEALTH.values())
    return [found["Test"], *figures, found.get("Retries") or 0]


def _published(ports: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for port in ports:
        where = f"{port.get('host_ip') or ''}:{port.get('published') or ''}"
        yield f"{where}:{port.get('target')}/{port.get('protocol') or 'tcp'}"


def _named(mount: Mapping[str, Any]) -> bool:
    """Whether a mount is one of the compose file's volumes: no secret, no VOLUME of the image."""
    anonymous = mount.get("Type") == "volume" and _ANONYMOUS.fullmatch(str(mount.get("Name")))
    return not anonymous and not str(mount.get("Destination")).startswith(_FILES)


def _mount(mount: Mapping[str, Any]) -> str:
    read = "ro" if mount.get("read_only") else "rw"
    source = mount.get("source") if mount.get("type") == "bind" else ""
    return f"{mount.get('type')} {source or ''} {read}"


def _mounted(mount: Mapping[str, Any]) -> str:
    source = mount.get("Source") if mount.get("Type") == "bind" else ""
    return f"{mount.get('Type')} {source or ''} {'rw' if mount.get('RW') else 'ro'}"
