"""Value types of what is mounted and published: volumes, configs, secrets, tmpfs, ports."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from dataclasses import dataclass

from composegen import text
from composegen.keys.spec import BadValue, ValueType
from composegen.keys.values import MAX_PORT, no_references, number, with_references

# /dev/shm holds the flag that takes one replica out of the frontend: it must be the replica's own.
_SYSTEM = frozenset({"/dev", "/dev/shm", "/proc", "/sys", "/run", "/run/secrets", "/etc/hosts"})
_SYSTEM |= {"/etc/hostname", "/etc/resolv.conf"}
_SYSTEM_FOLDERS = ("/dev/shm/", "/proc/")
_EXTRA_HOST = re.compile(r"([A-Za-z0-9._-]+)[:=](\S+)\Z")
_VOLUME_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
_PATH = ("/", ".", "~/")
"""What Compose takes for a path, and not for a volume's name; a reference counts by what it stands for."""
_OPTION = re.compile(r"(?<=\s)(owner|mode)=(\S+)\Z")
_ANY_OPTION = re.compile(r"\s(\S+)")
"""A word behind a path in the container: `ro` is an option that is not there, not part of the path."""
_STRAY_OPTION = re.compile(r"\s((?!owner=|mode=)[a-z-]+=\S*)")
_MODE = re.compile(r"0?[0-7]{3}\Z")
_OWNER = re.compile(
    r"(?:\d{1,10}|\$\{[A-Za-z_]\w*(?::-\d+)?\}):(?:\d{1,10}|\$\{[A-Za-z_]\w*(?::-\d+)?\})\Z", re.ASCII
)
_FLAGS = re.compile(
    r"(?:ro|rw|z|Z|cached|delegated|consistent|nocopy|r?shared|r?slave|r?private)"
    r"(?:,(?:ro|rw|z|Z|cached|delegated|consistent|nocopy|r?shared|r?slave|r?private))*\Z"
)
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_PUBLISH = re.compile(
    r"(?:(?:(?P<ip>\[[0-9A-Fa-f:.]+\]|[0-9.]+):)?(?P<host>\d+(?:-\d+)?)?:)?"
    r"(?P<target>\d+(?:-\d+)?)(?:/(?P<protocol>tcp|udp|sctp))?\Z",
    re.ASCII | re.IGNORECASE,
)
_TMPFS = re.compile(r"(size|mode|uid|gid)=[0-9]+[kmgKMG]?\Z|(?:ro|rw|noexec|exec|nosuid|suid|nodev|dev)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A mount: ``bind`` tells a host folder from a named volume; an empty source is anonymous."""

    source: str
    target: str
    flags: str
    bind: bool
    owner: str | None = None
    mode: str | None = None

    @property
    def likely(self) -> str:
        """The source as it is where .env says nothing: a reference without a default stays."""
        return text.with_defaults(self.source)

    @property
    def docker(self) -> str:
        """The mount in Docker's terms, for the escape hatch."""
        return f"{self.source}:{self.target}{f':{self.flags}' if self.flags else ''}"


@dataclass(frozen=True, slots=True)
class Config:
    """A file or folder of the project, mounted read-only."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Secret:
    """The file ``secrets/NAME``, mounted at ``target`` (an absolute path or a name)."""

    name: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Publish:
    """A published port in Docker's terms; ranges stay text."""

    ip: str | None
    published: str | None
    target: str
    protocol: str

    @property
    def claims(self) -> tuple[tuple[str, int, str], ...]:
        """The host ports taken, as (address, port, protocol); empty for a random port."""
        if self.published is None or ("-" in self.published and "-" not in self.target):
            return ()  # of a range for one port the engine takes whichever is free
        first, _, last = self.published.partition("-")
        return tuple((self.ip or "", p, self.protocol) for p in range(int(first), int(last or first) + 1))


def _target(value: str, at: int, end: int, allowed: str = "") -> str:
    """Check a path in the container; ``allowed`` is one that would be refused otherwise."""
    if not value.startswith("/") or ".." in value.split("/"):
        raise BadValue(f"{value!r} is not an absolute path in the container", at, end)
    if (option := _ANY_OPTION.search(value)) is not None:
        raise BadValue(f"unknown option {option[1]!r}", at + option.start(1), at + option.end(1))
    if value.rstrip("/") == "":
        raise BadValue("'/' would hide the container's whole file system", at, end)
    if "${" in value:
        raise BadValue("a reference is not possible in the path in the container", at, end)
    plainly = "/" + posixpath.normpath(value).lstrip("/")
    if plainly == "/.composegen" or plainly.startswith("/.composegen/"):
        raise BadValue("/.composegen belongs to composegen", at, end)
    if plainly != allowed and (plainly in _SYSTEM or plainly.startswith(_SYSTEM_FOLDERS)):
        raise BadValue(
            f"{value!r} would hide a folder that the engine makes for each container",
            at,
            end,
            "mount it elsewhere; the size of /dev/shm is # composegen.compose.shm_size = 256m",
        )
    return value


def _cut(value: str) -> list[str]:
    """Split at colons that are outside of references."""
    shown = "".join("x" * len(p) if r else p for p, r in text.split(value))
    parts, start = [], 0
    for at, character in enumerate(shown):
        if character == ":":
            parts.append(value[start:at])
            start = at + 1
    return [*parts, value[start:]]


def volume(value: str) -> Volume:
    """Parse Docker's ``--volume`` syntax with the options owner= and mode=."""
    with_references(value)
    body = value.rstrip()
    options: dict[str, tuple[str, int]] = {}
    while (match := _OPTION.search(body)) is not None:
        if match[1] in options:
            raise BadValue(f"the option {match[1]} stands twice", match.start(), match.end())
        options[match[1]] = (match[2], match.start(2))
        body = body[: match.start()].rstrip()
    _check_options(options)
    parts = _cut(body)
    if (option := _STRAY_OPTION.search(body, len(parts[0]) if len(parts) > 1 else 0)) is not None:
        raise BadValue(
            f"unknown option {option[1]!r}",
            option.start(1),
            option.end(1),
            "the options are owner=UID:GID and mode=0750",
        )
    if len(parts) == 1:
        source, target, flags = "", parts[0], ""
    elif len(parts) == 2:  # noqa: PLR2004 - SOURCE:TARGET
        source, target, flags = parts[0], parts[1], ""
    elif len(parts) == 3 and _FLAGS.match(parts[2]):  # noqa: PLR2004 - SOURCE:TARGET:FLAGS
        source, target, flags = parts
    else:
        raise BadValue(f"expected SOURCE:/path or SOURCE:/path:ro, found {body!r}", 0, len(body))
    if len(parts) > 1 and not source:
        raise BadValue("the source before ':' is empty", 0, len(body))
    _target(target, len(body) - len(target) - (len(flags) + 1 if flags else 0), len(body))
    if source.startswith("~") and source != "~" and not source.startswith("~/"):
        raise BadValue(
            f"{source!r}: Compose knows no other user's home", 0, len(source), "write ~/folder or /home/…"
        )
    _check_default(source)
    bind = source.startswith(("/", ".", "~", "${")) or "/" in source
    if source and not bind and not _VOLUME_NAME.match(source):
        raise BadValue(
            f"{source!r} is neither a volume's name nor a path",
            0,
            len(source),
            "a path starts with '/', './' or '~/'",
        )
    owner, mode = (options[n][0] if n in options else None for n in ("owner", "mode"))
    return Volume(
        source=source,
        target=target,
        flags=flags,
        bind=bind,
        owner=owner,
        mode=mode and mode.zfill(4),
    )


def _check_default(source: str) -> None:
    """Refuse a reference in front whose default Compose would take for the name of a volume."""
    if not source.startswith("${"):
        return
    likely = text.with_defaults(source)
    if not likely.startswith("${") and likely != "~" and not likely.startswith(_PATH):
        raise BadValue(
            f"{source!r} may stand for {likely!r}, which is no path",
            0,
            len(source),
            "a default of a source is a path: ${DATA:-./data}",
        )


def _check_options(options: dict[str, tuple[str, int]]) -> None:
    if "owner" in options and not _OWNER.match(options["owner"][0]):
        owner, at = options["owner"]
        raise BadValue(
            f"owner: expected UID:GID, found {owner!r}",
            at,
            at + len(owner),
            "write numbers, or owner=${UID}:${GID}",
        )
    if "mode" in options and not _MODE.match(options["mode"][0]):
        mode, at = options["mode"]
        raise BadValue(f"mode: expected octal digits such as 0750, found {mode!r}", at, at + len(mode))


def config(value: str) -> Config:
    """Parse ``./file-or-folder:/path/in/container``."""
    no_references(value)
    source, colon, target = value.partition(":")
    if not colon or ":" in target:
        raise BadValue(f"expected ./file:/path/in/container, found {value!r}")
    if source.startswith(("/", "~")) or ".." in source.split("/") or not source.strip("./"):
        raise BadValue(
            f"{source!r} does not lie in the project's folder",
            0,
            len(source),
            "name a file of the project, such as ./nginx.conf; for others use volume",
        )
    _target(target, len(source) + 1, len(value))
    return Config(source if source.startswith("./") else f"./{source}", target)


def secret(value: str) -> Secret:
    """Parse ``NAME[=path]``."""
    no_references(value)
    name, equals, target = value.partition("=")
    if not _SECRET.match(name):
        raise BadValue(
            f"{name!r} is not the name of a file in secrets/", 0, min(len(value), max(1, len(name)))
        )
    if equals and (not target or (not target.startswith("/") and not _SECRET.match(target))):
        raise BadValue(f"{target!r} is neither a name nor an absolute path", len(name) + 1, len(value))
    if target.startswith("/"):
        _target(target, len(name) + 1, len(value))
    return Secret(name, target or None)


def publish(value: str) -> Publish:
    """Parse Docker's ``--publish`` syntax, ranges, UDP and addresses included."""
    no_references(value)
    match = _PUBLISH.match(value)
    if match is None:
        raise BadValue(f"expected [address:][port:]port[/udp], found {value!r}")
    address = match["ip"]
    if address is not None:
        try:
            address = str(ipaddress.ip_address(address.strip("[]")))
        except ValueError:
            raise BadValue(f"{match['ip']!r} is not an address", match.start("ip"), match.end("ip")) from None
    lengths = set()
    ports: dict[str, str] = {}
    for group in ("host", "target"):
        if match[group] is not None:
            first, _, last = match[group].partition("-")
            begin, end = number(first, MAX_PORT), number(last or first, MAX_PORT)
            if begin is None or end is None or begin > end:
                raise BadValue(
                    f"{match[group]!r} is not a port or a range of ports",
                    match.start(group),
                    match.end(group),
                )
            lengths.add(end - begin)
            ports[group] = f"{begin}-{end}" if last else str(begin)
    if len(lengths) > 1 and "-" in match["target"]:
        raise BadValue("the two ranges differ in length")
    return Publish(address, ports.get("host"), ports["target"], (match["protocol"] or "tcp").lower())


def tmpfs(value: str) -> str:
    """Parse ``/path[:options]``."""
    no_references(value)
    head, colon, options = value.partition(":")
    _target(head, 0, len(head), allowed="/run")  # what is mounted below it comes after it
    for option in options.split(",") if colon else ():
        if not _TMPFS.match(option):
            raise BadValue(
                f"{option!r} is not an option of a tmpfs",
                len(head) + 1,
                len(value),
                "for example /tmp:size=64m,mode=1777",
            )
    return value


def extra_host(value: str) -> str:
    """Parse ``host:address``; the address may be ``host-gateway``."""
    match = _EXTRA_HOST.match(value)
    if match is None:
        raise BadValue(f"expected host:address, found {value!r}")
    if match[2] != "host-gateway":
        try:
            ipaddress.ip_address(match[2].removeprefix("[").removesuffix("]"))
        except ValueError:
            raise BadValue(f"{match[2]!r} is not an address", match.start(2), match.end(2)) from None
    return value


_STRING = {"type": "string"}
VOLUME = ValueType("volume", "[source:]/path[:ro], options owner=UID:GID, mode=0750", volume, _STRING)
CONFIG = ValueType("config", "./file-or-folder:/path/in/container", config, _STRING)
SECRET = ValueType("secret", "NAME[=path]", secret, _STRING)
PUBLISH = ValueType("publish", "[address:][port:]port[/udp]", publish, _STRING)
TMPFS = ValueType("tmpfs", "/path[:size=64m,mode=1777]", tmpfs, _STRING)
