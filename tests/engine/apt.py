"""Debian packages through the machine's own apt, without changing the machine.

A private sources list and state folder give access to suites that the machine does not
use. The mirror, its key, proxies and credentials are those of the machine's own apt
configuration, so nothing about them is written down here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine.places import EngineError, home, locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STABLE = "trixie"  # the images' base
UNSTABLE = "sid"  # what is too old in every release: the engine, haproxy, pebble


def usable() -> bool:
    """Say whether this is a Debian whose apt we may drive."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and release() != ""


def release() -> str:
    """The code name of this machine's Debian release; empty when it is no Debian."""
    facts = {}
    path = Path("/etc/os-release")
    for line in path.read_text().splitlines() if path.exists() else []:
        key, _, value = line.partition("=")
        facts[key] = value.strip('"')
    return facts.get("VERSION_CODENAME", UNSTABLE) if facts.get("ID") == "debian" else ""


def download(packages: Iterable[str], folder: Path) -> list[Path]:
    """Download packages (`name/suite`), without their dependencies, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _apt_get(["download", *packages], cwd=folder)
    return sorted(folder.glob("*.deb"))


def resolve(packages: Iterable[str], installed: Path, folder: Path, suite: str = STABLE) -> list[Path]:
    """Download packages and what they lack on a system with this dpkg status file."""
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    options = [
        f"Dir::State::Status={installed}",
        f"Dir::Cache::Archives={folder}",
        f"APT::Default-Release={suite}",
        "APT::Keep-Downloaded-Packages=true",
        "Debug::NoLocking=true",
    ]
    command = ["install", "--download-only", "--yes", "--no-install-recommends"]
    _apt_get([*command, *packages], options)
    return sorted(folder.glob("*.deb"))


def unpack(packages: Iterable[Path], folder: Path) -> None:
    """Unpack packages side by side; no script of theirs is run."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)


def _apt_get(arguments: Sequence[str], options: Iterable[str] = (), cwd: Path | None = None) -> None:
    """Run apt-get; when the lists are missing or out of date, fetch them and try again."""
    with locked("apt"):
        state = home() / "apt"
        if not (state / "lists").exists():
            _update(state)
        if _run(state, arguments, options, cwd).returncode == 0:
            return
        _update(state)
        again = _run(state, arguments, options, cwd)
    if again.returncode:
        raise EngineError(f"apt-get {' '.join(arguments)} failed:\n{again.stdout}")


def _update(state: Path) -> None:
    (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (state / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    uri, options = _mirror()
    suites = dict.fromkeys((release(), STABLE, UNSTABLE))
    lines = [f"deb [{options}] {uri} {suite} main\n" for suite in suites]
    (state / "sources.list").write_text("".join(lines))
    done = _run(state, ["update", "--error-on=any"])
    if done.returncode:
        shutil.rmtree(state / "lists")
        raise EngineError(f"apt-get update failed:\n{done.stdout}")


def _mirror() -> tuple[str, str]:
    """The mirror of the machine's own release, and the options of its source line."""
    form = "$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(SIGNED_BY)|$(TRUSTED)"
    told = subprocess.run(
        ["apt-get", "indextargets", "--no-release-info", "--format", form, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    names = {release(), "stable", "testing", "unstable"}
    for line in told.stdout.splitlines():
        suite, component, uri, key, trusted = (line.split("|") + [""] * 5)[:5]
        if suite in names and component == "main" and "$(" not in uri:
            options = "lang=none"
            if key.startswith("/"):
                options += f" signed-by={key}"
            if trusted == "yes":
                options += " trusted=yes"
            return uri, options
    raise EngineError(f"apt has no source for Debian {release()} main; add one to /etc/apt")


def _run(
    state: Path,
    arguments: Sequence[str],
    options: Iterable[str] = (),
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    settings = [
        f"Dir::Etc::SourceList={state / 'sources.list'}",
        "Dir::Etc::SourceParts=/dev/null",
        "Dir::Etc::Preferences=/dev/null",
        "Dir::Etc::PreferencesParts=/dev/null",
        f"Dir::State::Lists={state / 'lists'}",
        f"Dir::Cache={state / 'cache'}",
        "APT::Sandbox::User=root",
        "APT::Update::Post-Invoke::=",
        "APT::Update::Post-Invoke-Success::=",
        "Acquire::Languages=none",
        "Acquire::Retries=3",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
        *options,
    ]
    flags = [word for setting in settings for word in ("-o", setting)]
    return subprocess.run(
        ["apt-get", "-q", *flags, *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
