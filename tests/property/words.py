"""Values for annotations: for each key well-formed ones, and text that is meant to do harm."""

from __future__ import annotations

from hypothesis import strategies as st

from composegen.keys.service import KEYS

# What has a meaning in YAML, Compose, Make, a shell, Traefik's rules, Go templates, jinja,
# HAProxy, ignore files, .env or on a terminal, and what Python takes for something else.
PIECES = [
    "`",
    "$",
    "$$",
    "${",
    "${}",
    "${A}",
    "${A:-b}",
    "${A:-`}",
    "${A:?why}",
    "${A:+x}",
    "${A:-${B}}",
    "${A:-}}",
    "${1}",
    "${A\u00e9}",
    "$(id)",
    "$A",
    "}",
    "{",
    "{{",
    '{{ env "A" }}',
    "{% raw %}",
    "'",
    '"',
    "\\",
    "\r",
    "\t",
    ": ",
    ":",
    " #",
    "#",
    "!!python/object:os.system",
    "!",
    "*a",
    "&a",
    "%",
    "@",
    "@ALIAS@",
    "|",
    ">",
    "-",
    "--",
    "- ",
    "---",
    "...",
    "=",
    "==",
    ",",
    ";",
    "&&",
    "||",
    "<<",
    "\x00"[:0],
    "\x07",
    "\x0b",
    "\x0c",
    "\x1b[2J",
    "\x1c",
    "\x7f",
    "\x85",
    "\x9b1m",
    "\u2028",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\ufffe",
    "\u0130",
    "\u0663",
    "\u00b2",
    "\uff11",
    "\U0001f433",
    "e\u0301",
    "../",
    "/",
    "//",
    "/../",
    "~",
    "~/",
    "./",
    "*.",
    ".",
    "..",
    "[",
    "]",
    '["a"]',
    '["\\ud800"]',
    '["\\u0000"]',
    "(",
    ")",
    "# <<< composegen",
]
SCALARS = [
    "",
    "1e3",
    "0o7",
    "0x1F",
    "010",
    "1_000",
    "yes",
    "No",
    "on",
    "null",
    "~",
    "NULL",
    "true",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "12:30:45",
    "190:20:30",
    "=",
    "<<",
    ".inf",
    "-.INF",
    ".nan",
    "+1",
    "-1",
    "1.",
    ".5",
    "0",
    "00",
    "1" * 400,
    "9" * 5000,
    "-",
    "a" * 3000,
    " ",
    "'",
    '"',
    "''",
    "0b1",
]
NAMES = [
    *("web", "db", "a", "A", "a.b", "a-b", "a_b", "1", "007", "null", "yes", "1e3", "toolbox", "traefik"),
    *("socket", "frontend", "default", "host", "acme", "certificates", "local-ca", "watchtower", "z" * 63),
    *("z" * 300, "web-", "a..b", "2026-01-01", "x.y.z"),
]
HOSTS = [
    *("example.com", "*.example.com", "EXAMPLE.com", "${HOST}", "app.${HOST}", "${HOST:-a.test}"),
    *("${HOST:-a`) || Host(`b}", "xn--bcher-kva.test", "b\u00fccher.test", "a_b.test", "${A}${B}", "-a"),
    *("a" * 64, "10.0.0.1", "[::1]", "host:80", "user@host"),
]
IMAGES = [
    *("alpine", "ghcr.io/acme/web:1.4", "${COMPOSEGEN_REGISTRY}/x:${TAG:-1}", "a@sha256:" + "0" * 64),
    *("localhost:5000/a", "UPPER", "${A:-$(id)}", "a:b:c", "a//b", ".a", "${IMAGE}"),
]
COMMANDS = [
    *("./run --all", '["gunicorn", "app:app"]', "echo $HOME ${A:-x}", '["a", "${B}", "$C", "it\'s"]', "[]"),
    *("[1]", '["\\n"]', "sh -c 'a; b'", "a\tb", '["a", ""]', "[", "#x", "- x", "%a", "@x", "'a"),
]
PATHS = [
    *("/", "/data", "/a/b c", "//.composegen/bin", "/.composegen", "/dev/shm", "/dev", "/a/../b", "relative"),
    *("/run/secrets", "/\u00e9", "/a:b", "/${A}", "/a,b", "/ "),
]
DURATIONS = ["30s", "500ms", "1m30s", "2h", "1.5s", "0s", "9999h", "1", "0.0001ms", "\u0663s", "100000s"]
SIZES = ["512m", "2GiB", "1.5g", "0", "${MEM}", "99999999t", "10", "1k", "\u0663m"]
CHECKS = [
    *(
        "/health",
        "/health 5s 2s 3",
        "tcp",
        "tcp 30s",
        "off",
        "cmd: curl -f http://x/$A",
        "cmd: ${A}",
        "/h 1h",
    ),
    *("/h port=81", "/h 5s 500ms", "/h 0.5s 1.5s 10", "cmd:", "/'\"", "/h 5s 2000s"),
]

anything = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.sampled_from(SCALARS),
        st.sampled_from(NAMES),
        st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=8),
    ),
    max_size=5,
).map("".join)
hosts = st.one_of(st.sampled_from(HOSTS), anything)
paths = st.one_of(st.sampled_from(PATHS), anything)


def _join(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    made = [st.just(p) if isinstance(p, str) else p for p in parts]
    return st.tuples(*made).map("".join)


def _some(values: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


urls = _join(
    _some(["https://", "http://", "HTTPS://", "ftp://"]),
    st.sampled_from(HOSTS),
    _some(["", "/", "/api", "/a/b/", "/a//b", "/%61", "/a`b", "/(x)", "/é"]),
    _some(["", " strip", " port=81", " redirect=https://b.test/x", " proxy=http://10.0.0.1:81", " x"]),
)
LIKELY: dict[str, st.SearchStrategy[str]] = {
    "service": _some(NAMES),
    "image": _some(IMAGES),
    "build": _some([".", "..", "src", ". target=x", "a b platform=linux/arm64", "/abs", "${A}", "../.."]),
    "build-arg": _join(_some(["A", "a.b", "1"]), "=", anything),
    "url": urls,
    "port": _some(["80", "65535", "0", "80a", "\u0668\u0660", "080"]),
    "publish": _some(["80", "5432:5432", "127.0.0.1::53/udp", "[::1]:1:1", "1-3:1-3", "9-1", "1.2.3:1:1"]),
    "env": _join(_some(["A", "PATH", "PORT", "COMPOSEGEN_SCALE", "_", "a.b"]), _some(["", "="]), anything),
    "secret": _some(["key", "key=/k", "key=k", "../x", "key=../x", "key=/dev/shm/x"]),
    "config": _join(
        _some(["./a.toml", "a b", "./../../etc/passwd", "./", "$A"]), ":", st.sampled_from(PATHS)
    ),
    "volume": _join(
        _some(["", "data:", "./data:", "~/x:", "${DIR}:", "a:", "acme:", "toolbox:", "/:", "./!x:", "./*:"]),
        st.sampled_from(PATHS),
        _some(["", ":ro", " owner=1:1", " mode=0750 owner=${UID}:${GID}", ":x"]),
    ),
    "tmpfs": _join(st.sampled_from(PATHS), _some(["", ":size=64m", ":size=1,mode=1777", ":x"])),
    "scale": _some(["0", "1", "3", "2 safe", "2 roll", "9999", "0 safe", "\u0662"]),
    "healthcheck": _some(CHECKS),
    "liveness": _some(CHECKS),
    "startup": _some(["/h", "/h 8000 5m", "/h 1.5s", "/h 9999h", "h"]),
    "maxcpu": _some(["1.5", "0", "${CPUS}", "1e3", "\u0661"]),
    "mincpu": _some(["0.5", "1"]),
    "maxmem": _some(SIZES),
    "minmem": _some(SIZES),
    "maxbody": _some(SIZES),
    "pids": _some(["100", "${PIDS:-5}", "0", "-1"]),
    "command": _some(COMMANDS),
    "entrypoint": _some(COMMANDS),
    "user": _some(["1000:1000", "app", "${UID}:${GID}", "${U\u00e9}", "0:0", "a b"]),
    "workdir": _some(PATHS),
    "stop-grace": _some(DURATIONS),
    "timeout": _some(DURATIONS),
    "stop-signal": _some(["SIGTERM", "9", "SIGRTMIN+3", "\u0663"]),
    "restart": _some(["no", "always", "on-failure:3", "on-failure:\u0663", "unless-stopped", "yes"]),
    "depends": _some(["web", "db:healthy", "a:completed", "toolbox", "traefik", "self", "db:x"]),
    "auth": _some(["staff", "../x"]),
    "allow": _some(["10.0.0.0/8", "::1", "10.0.0.1/33"]),
    "ratelimit": _some(["100/s", "1/h 5", "0/s", "\u0663/s"]),
    "header": _some(
        ["X-A: b", "X.Y: z", "X-A: $1 ${A}", "A: é", "$: x", "Content-Security-Policy: a 'self'; b"]
    ),
    "network": _some(["backend", "socket", "frontend", "default", "host", "updater-socket", "1"]),
    "label": _join(_some(["a.b", "traefik.enable", "composegen.frontend", "1", "é"]), "=", anything),
    "cap-add": _some(["NET_ADMIN", "CAP_ALL", "é"]),
    "cap-drop": _some(["ALL", "x"]),
    "extra-host": _some(["a.b:10.0.0.5", "a=host-gateway", "a::::::", "a:[::1]", "a:1.2.3"]),
    "update": _some(["auto", "notify", "off", "x"]),
    "start": _some(["auto", "manual"]),
    "compose": st.one_of(
        _some(
            [
                "256m",
                "[a, b]",
                "{a: b}",
                "null",
                "!!python/object:os.system x",
                "*a",
                "&a [*a]",
                "2026-01-01",
                "{1: 2, null: 3, [a]: b}",
                "1e3",
                ".nan",
                "!!binary aGk=",
                "!!set {a, b}",
                "${A}",
                "${",
                '"\\uD800"',
                "{{",
            ]
        ),
        anything,
    ),
}
YES_NO = _some(["yes", "no", "true", "maybe"])
TREES = [
    "compose.shm_size",
    "compose.labels",
    "compose.environment.X",
    "compose.a..b",
    "compose.",
    "compose.volumes",
    "compose.networks",
    "compose.deploy.x.y",
    "compose.image.x",
    "compose.network_mode",
]


@st.composite
def annotation(draw: st.DrawFn) -> str:
    """Return one annotation line, right or wrong."""
    key = draw(st.sampled_from(sorted(KEYS)))
    likely = LIKELY.get(key, st.one_of(YES_NO, anything))
    value = draw(st.one_of(likely, anything))
    name = draw(st.sampled_from(TREES)) if key == "compose" else key
    prefix = draw(st.sampled_from(["composegen", "composegen", "composegen", "mypaas"]))
    return f"# {prefix}.{name} = {value}"
