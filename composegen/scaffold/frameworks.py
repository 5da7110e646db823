"""A Dockerfile for a project that has none, from what lies in its folder.

Only what can be told for certain is used. Where the folder holds an application of another kind,
nothing is written: the example is for a folder without one.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from composegen.emit.templates import text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SITES = ("public", "dist", "build", "site", "www", "html", "_site", "htdocs")
_SHELL = re.compile(r"[&|;<>`$(){}*=]")
# What lies in the folder of a project and is no part of a site or of an image.
_KEPT_OUT = (
    ".*",
    "!.well-known",
    "*Dockerfile*",
    "Makefile",
    "*.mk",
    "docker-compose*.yml",
    "composegen.d/",
    "secrets/",
)
# What a folder without an application may hold: what is hidden, and what is there to be read.
_PROSE = re.compile(
    r"\.|docs?\Z|.*\.(?:md|rst|adoc)\Z|(?:readme|licen[cs]e|copying|notice|authors|change(?:s|log)|contributing)"
    r"(?:-[a-z0-9]+)*(?:\.\d+)?(?:\.txt)?\Z",
    re.IGNORECASE,
)
_MAX = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """New files by path; ``ignored`` lines belong into .dockerignore. ``about`` says why these."""

    files: Mapping[str, str]
    about: str
    ignored: tuple[str, ...] = ()


def start(folder: Path, service: str) -> Start | None:
    """Return the files for the project in ``folder``; None when its framework cannot be told."""
    for signs in (_django, _python, _node, _go, _static):
        found = signs(folder, service)
        if found is not None:
            return found
    return hello(service) if all(_PROSE.match(p.name) for p in folder.iterdir()) else None


def hello(service: str) -> Start:
    """Return an example: one page and the Dockerfile that serves it."""
    files = {
        "Dockerfile": _fill("hello", service=service, folder="public"),
        "public/index.html": text("init/hello.html"),
    }
    return Start(files=files, about="an example that serves one page")


def _fill(kind: str, **values: object) -> str:
    """Return the Dockerfile of a kind with its ``@name@`` filled in."""
    return re.sub(r"@(\w+)@", lambda m: str(values[m[1]]), text(f"init/Dockerfile.{kind}"))


def _read(path: Path) -> str:
    """Return a file's text; '' when there is none or it cannot be read."""
    try:
        if path.stat().st_size > _MAX:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _requirements(folder: Path) -> frozenset[str]:
    """Return the frameworks and servers that requirements.txt names."""
    found = re.findall(r"^\s*([A-Za-z0-9._-]+)", _read(folder / "requirements.txt"), re.MULTILINE)
    known = frozenset({"django", "fastapi", "flask", "gunicorn", "uvicorn"})
    return known & {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def _django(folder: Path, service: str) -> Start | None:
    named = _requirements(folder)
    if "django" not in named or not (folder / "manage.py").exists():
        return None
    modules = sorted(p.parent.name for p in folder.glob("*/wsgi.py"))
    if len(modules) != 1:
        return None
    return _serve(service, "Django", "gunicorn", f"{modules[0]}.wsgi:application", named)


def _python(folder: Path, service: str) -> Start | None:
    named = _requirements(folder)
    if "fastapi" in named:
        found = _application(folder, "FastAPI")
        return found and _serve(service, "FastAPI", "uvicorn", found, named)
    if "flask" in named:
        found = _application(folder, "Flask")
        return found and _serve(service, "Flask", "gunicorn", found, named)
    return None


def _application(folder: Path, framework: str) -> Any:
    """Return ``module:name`` of the application, when there is exactly one."""
    pattern = re.compile(rf"^([A-Za-z_]\w*)\s*(?::[^=\n]*)?=\s*(?:\w+\.)?{framework}\(", re.MULTILINE)
    found = []
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py"), *folder.glob("*/main.py")]):
        module = path.relative_to(folder).with_suffix("").as_posix().replace("/", ".")
        found += [f"{module.removesuffix('.__init__')}:{name}" for name in pattern.findall(_read(path))]
    return found[0] if len(found) == 1 else None


def _serve(service: str, about: str, server: str, application: str, named: frozenset[str]) -> Start:
    words = {
        "gunicorn": ["gunicorn", "--bind", "0.0.0.0:8000", application],
        "uvicorn": ["uvicorn", "--host", "0.0.0.0", "--port", "8000", application],  # noqa: S104 - in a container
    }[server]
    minimum = {"gunicorn": "gunicorn>=23", "uvicorn": "uvicorn>=0.30"}[server]
    install = "" if server in named else f' "{minimum}"'
    content = _fill("python", service=service, install=install, command=json.dumps(words))
    return Start(files={"Dockerfile": content}, about=f"{about}, served by {server}", ignored=_ignored())


def _ignored() -> tuple[str, ...]:
    return (*_KEPT_OUT, "__pycache__/", "venv/", "node_modules/")


def _node(folder: Path, service: str) -> Start | None:
    try:
        package = json.loads(_read(folder / "package.json") or "null")
    except ValueError:
        return None
    scripts = package.get("scripts") if isinstance(package, dict) else None
    if not isinstance(scripts, dict) or not isinstance(scripts.get("start"), str):
        return None
    builds = "build" in scripts
    lock, install, run = _package_manager(folder, development=builds)
    content = _fill(
        "node",
        service=service,
        lock=lock,
        install=install,
        build=f"RUN {run} run build\n" if builds else "",
        command=json.dumps(_node_command(scripts["start"], run)),
    )
    return Start(files={"Dockerfile": content}, about="the start script of package.json", ignored=_ignored())


def _package_manager(folder: Path, *, development: bool) -> tuple[str, str, str]:
    """Return the lock file to copy, the command that installs, and the manager's name."""
    if (folder / "pnpm-lock.yaml").exists():
        flag = "" if development else " --prod"
        return " pnpm-lock.yaml", f"corepack enable && pnpm install --frozen-lockfile{flag}", "pnpm"
    if (folder / "yarn.lock").exists():
        return " yarn.lock", "corepack enable && yarn install --frozen-lockfile", "yarn"
    flag = "" if development else " --omit=dev"
    if (folder / "package-lock.json").exists():
        return " package-lock.json", f"npm ci{flag}", "npm"
    return "", f"npm install{flag}", "npm"


def _node_command(script: str, run: str) -> list[str]:
    """Return the start script's own words where no shell is needed: npm passes no signal on."""
    if not script.startswith("node ") or _SHELL.search(script):
        return [run, "start"]
    try:
        return shlex.split(script)
    except ValueError:  # a quote that is not closed: what it means is the manager's to say
        return [run, "start"]


def _go(folder: Path, service: str) -> Start | None:
    module = re.search(r"^go\s+(\d+\.\d+)", _read(folder / "go.mod"), re.MULTILINE)
    if module is None:
        return None
    mains = [p for p in sorted(folder.glob("*.go")) if re.search(r"^package main\b", _read(p), re.MULTILINE)]
    commands = sorted(p for p in folder.glob("cmd/*") if p.is_dir())
    if not mains and len(commands) != 1:
        return None
    sources = mains or sorted(commands[0].glob("*.go"))
    listens = {p for s in sources for p in re.findall(r'ListenAndServe\w*\(\s*"[^":]*:(\d+)"', _read(s))}
    sums = "go.mod go.sum" if (folder / "go.sum").exists() else "go.mod"
    content = _fill(
        "go",
        service=service,
        version=module[1],
        sums=sums,
        package="." if mains else f"./cmd/{commands[0].name}",
        port=listens.pop() if len(listens) == 1 else 8080,
    )
    return Start(files={"Dockerfile": content}, about="go.mod", ignored=_ignored())


def _static(folder: Path, service: str) -> Start | None:
    site = next((s for s in _SITES if (folder / s / "index.html").exists()), None)
    if site is None and not (folder / "index.html").exists():
        return None
    content = _fill("static", service=service, folder=site or ".")
    ignored = () if site else _KEPT_OUT
    return Start(files={"Dockerfile": content}, about=f"{site or '.'}/index.html", ignored=ignored)
