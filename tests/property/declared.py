"""Random services together with what they must become: an oracle that shares no code with the compiler.

Each function gives annotation lines and checks on what `docker compose config` says of the
service. It knows the contract (what an annotation means) and Compose's format, nothing else.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

# Values that references stand for. What they hold is text, whatever it looks like.
ENVIRONMENT = {
    "PLAIN": "plain",
    "DOLLAR": "$x $$y ${z}",
    "QUOTES": 'it\'s "so"',
    "YAML": "a: b # c",
    "EMPTY": "",
    "SPACES": "  two  words  ",
    "UNICODE": "\u00e4\U0001f433",
    "BACKTICK": "`id`",
    "HOST": "Example.com",
    "PORTLIKE": "12:30:45",
    "MEM": "64m",
    "CPUS": "0.25",
    "DIR": "/srv/data",
}
LITERALS = [
    *(
        "`",
        "$",
        "$$",
        "$X",
        "$PLAIN",
        "$(id)",
        "$1",
        "}",
        "{",
        "'",
        '"',
        "\\",
        "\t",
        ": ",
        " #",
        "#",
        "!!str",
    ),
    *(
        "*a",
        "&a",
        "%",
        "@",
        "@ALIAS@",
        "|",
        ">",
        "-",
        "- ",
        "=",
        ",",
        ";",
        "&&",
        "[",
        "]",
        "(",
        ")",
        "?",
        "<<",
    ),
    *(
        "1e3",
        "0o7",
        "0x1F",
        "yes",
        "null",
        "~",
        "2026-01-01",
        "12:30:45",
        ".inf",
        "1_0",
        "{{",
        "{% x %}",
        "!",
    ),
    *(
        "\u00e4",
        "\u202e",
        "\ufeff",
        "\u2028",
        "\U0001f433",
        "\u00a0",
        "a",
        "b c",
        "0",
        "--",
        "...",
        "---",
        "\x85",
    ),
]
BLANK = " \t\u00a0\u2028\x85\ufeff"


@dataclass
class Template:
    """A value as it is written, and what it means with ENVIRONMENT."""

    written: str
    means: str


def literal(random: Random, most: int = 4) -> str:
    """Return text in which nothing is a reference and that no trimming shortens."""
    found = "".join(random.choices(LITERALS, k=random.randint(0, most)))
    while "${" in found:
        found = found.replace("${", "$")
    return found.strip(BLANK)


def reference(random: Random, names: list[str] | None = None) -> Template:
    """Return a reference in one of its forms."""
    name = random.choice(names or sorted(ENVIRONMENT))
    value = ENVIRONMENT[name]
    other = random.choice(["x", "a$b", "", "yes", "1 2", "`"])
    return random.choice(
        [
            Template(f"${{{name}}}", value),
            Template(f"${{{name}:-{other}}}", value or other),
            Template(f"${{UNSET:-{other}}}", other),
            Template(f"${{{name}:+{other}}}", other if value else ""),
            Template(f"${{UNSET:-${{{name}}}}}", value),
        ]
    )


def template(random: Random) -> Template:
    """Return literal text and references, mixed."""
    parts = []
    for _ in range(random.randint(0, 4)):
        if random.random() < 0.3:
            parts.append(reference(random))
        else:
            text = literal(random)
            parts.append(Template(text, text))
    written = "".join(p.written for p in parts)
    made_up = written.count("${") != sum(p.written.count("${") for p in parts)
    if written.strip(BLANK) != written or made_up:
        return Template("x", "x")
    return Template(written, "".join(p.means for p in parts))


@dataclass
class Declared:
    """One service: its Dockerfile, and what must hold of the service that Compose sees."""

    name: str
    number: int
    folder: str
    lines: list[str] = field(default_factory=list)
    checks: list[Callable[[dict[str, Any]], None]] = field(default_factory=list)
    routed: bool = False
    hooked: bool = False
    port: int = 80

    @property
    def dockerfile(self) -> str:
        """The text of its Dockerfile."""
        return "\n".join([f"# composegen.service = {self.name}", *self.lines, "FROM alpine"])

    def declare(self, key: str, value: str) -> None:
        """Add an annotation."""
        self.lines.append(f"# composegen.{key} = {value}")

    def expect(self, path: str, wanted: Any) -> None:
        """Add a check of one field."""
        self.checks.append(lambda seen: same(path, at(seen, path), wanted))


def at(seen: Any, path: str) -> Any:
    """Return the field at a dotted path; None when there is none."""
    for step in path.split("/"):
        seen = seen.get(step) if isinstance(seen, dict) else None
    return seen


def same(what: str, seen: Any, wanted: Any) -> None:
    """Fail with both sides when they differ."""
    assert seen == wanted, f"{what}: Compose sees {seen!r}, declared was {wanted!r}"


def _env(service: Declared, random: Random) -> None:
    for number in range(random.randint(1, 4)):
        name, value = f"V{number}", template(random)
        service.declare("env", f"{name}={value.written}")
        service.expect(f"environment/{name}", value.means)
    service.declare("env", "PLAIN")
    service.expect("environment/PLAIN", ENVIRONMENT["PLAIN"])
    service.expect("environment/COMPOSEGEN_SERVICE", service.name)


def _labels(service: Declared, random: Random) -> None:
    for number in range(random.randint(1, 3)):
        name = random.choice(
            ["com.example", "a-b", "null", "1e3", "yes", "a'b", "[x]", "\u00e4", "&a", "*", "#"]
        )
        value = template(random)
        service.declare("label", f"{name}{number}={value.written}")
        service.expect(f"labels/{name}{number}", value.means)


def _command(service: Declared, random: Random) -> None:
    for key in ("command", "entrypoint"):
        words = [template(random) for _ in range(random.randint(1, 4))]
        if random.random() < 0.6:
            service.declare(key, json.dumps([w.written for w in words], ensure_ascii=random.random() < 0.5))
            service.expect(key, [w.means for w in words])
        else:
            plain = [literal(random).replace("'", "") or "x" for _ in words]
            service.declare(key, " ".join(["run", *(f"'{w}'" for w in plain), "end"]))
            service.expect(key, ["run", *plain, "end"])


def _process(service: Declared, random: Random) -> None:
    user = random.choice(["1000:1000", "0", "app", "007:8", "nobody:nogroup"])
    service.declare("user", user)
    service.expect("user", user)
    folder = random.choice(["/app", "/a b", "/yes", "/a:b", "/\u00e4", "/it's", "/#x", "/{a}"])
    service.declare("workdir", folder)
    service.expect("working_dir", folder)
    signal = random.choice(["SIGTERM", "9", "SIGRTMIN+3"])
    service.declare("stop-signal", signal)
    service.expect("stop_signal", signal)
    seconds, written = random.choice(
        [(1.5, "1.5s"), (90, "1m30s"), (0.25, "250ms"), (7200, "2h"), (1_234_567, "1234567s")]
    )
    service.declare("stop-grace", written)
    service.checks.append(lambda seen: same("stop-grace", go_seconds(seen["stop_grace_period"]), seconds))
    init = random.choice(["yes", "no"])
    service.declare("init", init)
    service.expect("init", init == "yes")
    service.declare("restart", "on-failure:3")
    service.expect("restart", "on-failure:3")


def go_seconds(text: str) -> float:
    """Return the seconds of Go's notation."""
    total, number = 0.0, ""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "\u00b5s": 0.000001}
    unit = ""
    for character in f"{text}0":
        if character.isdigit() or character == ".":
            if unit:
                total += float(number) * units[unit]
                number = unit = ""
            number += character
        else:
            unit += character
    return round(total, 6)


def _mounts(service: Declared, random: Random) -> None:
    wanted: list[dict[str, Any]] = []
    sources = [
        (f"data{service.number}", "volume", f"data{service.number}"),
        ("a", "volume", "a"),
        ("./it's", "bind", f"{service.folder}/it's"),
        ("./a $b", "bind", f"{service.folder}/a $b"),
        ("${DIR}/x", "bind", "/srv/data/x"),
        ("${UNSET:-./d}", "bind", f"{service.folder}/d"),
        ("/srv/x{y}", "bind", "/srv/x{y}"),
        ("sub/dir", "bind", f"{service.folder}/sub/dir"),
    ]
    for number, (written, kind, source) in enumerate(random.sample(sources, 3)):
        target = f"/m{number}" + random.choice(["", "/a_b", "/\u00e4", "/it's", "/$x", "/#", "/{a}"])
        flags = random.choice(["", ":ro", ":rw"])
        service.declare("volume", f"{written}:{target}{flags}")
        wanted.append({"type": kind, "source": source, "target": target, "read_only": flags == ":ro"})
    service.declare("config", f"./c.toml:/etc/{random.choice(['a', 'a_b', '#', 'yes'])}")
    wanted.append(
        {
            "type": "bind",
            "source": f"{service.folder}/c.toml",
            "target": service.lines[-1].rpartition(":")[2],
            "read_only": True,
        }
    )
    service.checks.append(lambda seen: [contains("volumes", _mounted(seen), w) for w in wanted] and None)
    size = random.choice(["/tmp", "/tmp:size=64m", "/t_m_p:mode=1777,size=1k"])
    service.declare("tmpfs", size)
    service.expect("tmpfs", [size])
    service.declare("secret", f"key{service.number}=/run/k")
    service.checks.append(
        lambda seen: contains(
            "secrets", seen["secrets"], {"source": f"key{service.number}", "target": "/run/k"}
        )
    )


def _mounted(seen: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "type": v["type"],
            "source": v.get("source"),
            "target": v["target"],
            "read_only": v.get("read_only", False),
        }
        for v in seen["volumes"]
    ]


def contains(what: str, seen: list[Any], wanted: Any) -> None:
    """Fail when ``wanted`` is not among what is seen."""
    assert wanted in seen, f"{what}: {wanted!r} is not in {seen!r}"


def _ports(service: Declared, random: Random) -> None:
    outer, inner = 10_000 + service.number, random.randint(1, 65_535)
    address, shown = random.choice([("", None), ("127.0.0.1:", "127.0.0.1"), ("[::1]:", "::1")])
    protocol = random.choice(["tcp", "udp"])
    service.declare("publish", f"{address}{outer}:{inner}{'/udp' if protocol == 'udp' else ''}")
    wanted = {"mode": "ingress", "target": inner, "published": str(outer), "protocol": protocol}
    service.expect("ports", [wanted | ({"host_ip": shown} if shown else {})])


def _url(service: Declared, random: Random) -> None:
    service.routed = True
    service.port = random.choice([80, 8000])
    service.declare("port", str(service.port))
    service.expect("environment/PORT", str(service.port))
    rules = set()
    hosts = [
        (f"H{service.number}.test", f"h{service.number}.test"),
        (f"s{service.number}.${{HOST}}", f"s{service.number}.Example.com"),
        (f"${{UNSET:-u{service.number}.test}}", f"u{service.number}.test"),
    ]
    for written, host in random.sample(hosts, random.randint(1, 3)):
        path = random.choice(["", "/", "/api", "/a.b/(c)", "/it's", "/a+b/"])
        service.declare("url", f"https://{written}{path}")
        bare = path.rstrip("/")
        rule = f"Host(`{host}`) && (Path(`{bare}`) || PathPrefix(`{bare}/`))" if bare else f"Host(`{host}`)"
        # `allow` makes a second route, for what trusted proxies forward.
        rules |= {rule, f"{rule} && HeaderRegexp(`X-Forwarded-For`, `.`)"}
    service.checks.append(
        lambda seen: same("rules", {v for k, v in seen["labels"].items() if k.endswith(".rule")}, rules)
    )
    header = literal(random).encode("ascii", "ignore").decode().strip() or "x"
    service.declare("header", f"X-Test: {header}")
    service.checks.append(
        lambda seen: same(
            "header",
            [v for k, v in seen["labels"].items() if k.endswith(".customresponseheaders.X-Test")],
            [header],
        )
    )
    service.declare("allow", "10.0.0.0/8")
    service.checks.append(
        lambda seen: same(
            "allow", [v for k, v in seen["labels"].items() if k.endswith(".sourcerange")], ["10.0.0.0/8"] * 2
        )
    )


def _health(service: Declared, random: Random) -> None:
    probe = ["CMD", "/.composegen/bin/sh", "/.composegen/bin/probe"]
    kind = random.choice(["http", "tcp", "cmd"])
    if kind == "cmd":
        command = template(random)
        command = command if command.written else Template("true", "true")
        service.declare("healthcheck", f"cmd: {command.written}")
        wanted = [*probe, "--tries=3", "--timeout=2", "run", "sh", "-c", command.means]
        service.expect("healthcheck/test", wanted if service.routed else ["CMD-SHELL", command.means])
        return
    path = random.choice(["/health", "/a?b=c&d", "/it's", "/%20"]) if kind == "http" else ""
    timeout, whole = random.choice([("2s", 2), ("500ms", 1), ("1m", 60)])
    service.declare("healthcheck", f"{path or 'tcp'} 4s {timeout} 5")
    check = ["http", str(service.port), path] if kind == "http" else ["tcp", str(service.port)]
    service.expect("healthcheck/test", [*probe, "--tries=5", f"--timeout={whole}", *check])
    service.checks.append(lambda seen: same("interval", go_seconds(seen["healthcheck"]["interval"]), 4.0))
    service.expect("healthcheck/retries", 1)


def _limits(service: Declared, random: Random) -> None:
    written, wanted = random.choice([("1.5", 1.5), ("2", 2), ("${CPUS}", 0.25), ("0.01", 0.01)])
    service.declare("maxcpu", written)
    service.checks.append(lambda seen: same("cpus", float(at(seen, "deploy/resources/limits/cpus")), wanted))
    memory = random.choice(
        [
            ("512m", 512 << 20),
            ("2GiB", 2 << 30),
            ("1.5g", 3 << 29),
            ("${MEM}", 64 << 20),
            ("100000000", 100_000_000),
        ]
    )
    service.declare("maxmem", memory[0])
    service.expect("deploy/resources/limits/memory", str(memory[1]))
    service.declare("pids", "0200")
    service.expect("deploy/resources/limits/pids", 200)
    service.declare("minmem", "16m")
    service.expect("deploy/resources/reservations/memory", str(16 << 20))


def _rights(service: Declared, random: Random) -> None:
    service.declare("cap-add", "NET_ADMIN")
    service.expect("cap_add", ["NET_ADMIN"])
    hardened = random.random() < 0.5
    if hardened:
        service.declare("harden", "yes")
        service.expect("read_only", True)  # noqa: FBT003 - the value that is looked for
        service.expect("security_opt", ["no-new-privileges:true"])
    service.declare("cap-drop", "MKNOD")
    service.expect("cap_drop", ["ALL", "MKNOD"] if hardened else ["MKNOD"])
    address, shown = random.choice(
        [("10.0.0.5", "10.0.0.5"), ("[::1]", "::1"), ("host-gateway", "host-gateway")]
    )
    service.declare("extra-host", f"api.internal:{address}")
    service.expect("extra_hosts", [f"api.internal={shown}"])
    network = random.choice(["backend", "yes", "007"])
    service.declare("network", network)
    service.checks.append(lambda seen: contains("networks", list(seen["networks"]), network))


def _hook(service: Declared, random: Random) -> None:
    service.hooked = True
    service.declare("image", "reg.test/a:1")
    service.declare("update", "auto")
    if random.random() < 0.5:
        service.declare("scale", "2")
    command = f"run {literal(random, 6)}".strip(BLANK)
    service.declare("pre-update", command)
    name = "com.centurylinklabs.watchtower.lifecycle.pre-update"
    service.checks.append(
        lambda seen: contains("pre-update", shlex.split(seen["labels"][name]), f"--user={command}")
    )
    after = f"run {literal(random, 6)}".strip(BLANK)
    service.declare("post-update", after)
    service.expect(f"labels/{name.replace('pre', 'post')}", after)


GROUPS = [_env, _labels, _command, _process, _mounts, _limits, _rights, _health]


def declared(number: int, folder: str, random: Random) -> Declared:
    """Return a random service."""
    service = Declared(f"s{number}", number, folder)
    publishes = random.random() < 0.3
    if random.random() < 0.5:
        _url(service, random)
    if publishes:
        _ports(service, random)
    elif random.random() < 0.5:
        _hook(service, random)
    if not service.hooked:
        service.expect("image", "alpine:latest")
    for group in random.sample(GROUPS, random.randint(2, len(GROUPS))):
        group(service, random)
    return service
