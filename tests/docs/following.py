"""A reader who does what a page says, in a folder of his own and on the tests' engine.

Ports, the engine's socket and a name that nobody else uses come through the environment, so pages
need not know that a test reads them. curl is told where ports 80 and 443 are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING

from tests import regenerate_examples as examples
from tests.docs.pages import ROOT, Block, blocks, continued, start
from tests.e2e.site import HERE, Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine import Engine

_NAMES = re.compile(
    r"((?:\b(?:YES|COMPOSE_PROJECT_NAME|COMPOSEGEN_FRONTEND_PROJECT)=)|docker stop )(?=[\w-])"
)
_ENGINE = re.compile(r"\b(?:docker|make|composegen (?:up|down|doctor))\b")
# The tests' python image holds Debian's packages, among them this one by its other name.
_PACKAGES = {"psycopg2-binary": "psycopg2"}
_LIMIT = 120


class Reader:
    """What one page has led to so far: files, containers, and the folder that the reader stands in."""

    def __init__(self, page: Path, place: Path, engine: Callable[[], Engine]) -> None:
        self.blocks = blocks(page)
        self._done = 0
        self._failed = ""
        self._prefix = f"cgd{uuid.uuid4().hex[:6]}-"
        before = continued(page)
        self._folder = place / (before or page).stem.lower()
        self._begin(start(page))
        for shown in blocks(before) if before else ():
            if shown.file:
                self._write(shown)
        runs = "".join(b.text for b in self.blocks if b.command and not b.not_run)
        self._engine = engine() if _ENGINE.search(runs) else None
        name = f"{self._prefix}{self._folder.name}"
        self._site = Site(self._engine, self._folder, name) if self._engine else None
        self._env = self._environment(place)

    def _begin(self, example: Path | None) -> None:
        if example:
            examples.copy(example, self._folder)
        else:
            self._folder.mkdir()
        for parent in (self._folder, *list(self._folder.parents)[:3]):
            parent.chmod(0o755)
        self._standing = self._folder

    def _environment(self, place: Path) -> dict[str, str]:
        tools = place / "tools"
        tools.mkdir()
        command = tools / "composegen"
        command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m composegen "$@"\n')
        command.chmod(0o755)
        env = dict(self._site.env if self._site else os.environ)
        env |= {"PATH": f"{tools}:{env['PATH']}", "CURL_HOME": str(tools), "HOME": str(place)}
        env["LC_ALL"] = "C.UTF-8"
        if self._site:
            (tools / ".curlrc").write_text(
                "silent\nshow-error\nmax-time = 20\n"
                f'connect-to = ":443:{HERE}:{self._site.https}"\n'
                f'connect-to = ":80:{HERE}:{self._site.http}"\n'
            )
            env |= {
                "COMPOSEGEN_HTTP_PORT": str(self._site.http),
                "COMPOSEGEN_HTTPS_PORT": str(self._site.https),
                "COMPOSEGEN_BIND": HERE,
            }
            named = any("COMPOSE_PROJECT_NAME=" in b.text for b in self.blocks if b.file)
            if not named:
                env["COMPOSE_PROJECT_NAME"] = self._site.name
        return env

    def follow(self, block: Block) -> None:
        """Do what the page says up to and including this block, which nobody has done yet."""
        last = self.blocks.index(block)
        assert not self._failed, f"{self._failed} of this page failed before"
        for one in self.blocks[self._done : last + 1]:
            self._failed, self._done = one.name, self._done + 1
            if one.file:
                self._write(one)
            elif one.command and not one.not_run:
                self._run(one)
            self._failed = ""

    def _write(self, block: Block) -> None:
        path = self._standing / str(block.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = block.put(path.read_text("utf-8") if path.exists() else "")
        for shown, here in _PACKAGES.items():
            text = text.replace(shown, here)
        path.write_text(self._own(text), "utf-8")

    def _own(self, text: str) -> str:
        """Give projects named in a text the prefix that makes them this test's own."""
        return _NAMES.sub(rf"\g<1>{self._prefix}", text)

    def _run(self, block: Block) -> None:
        if block.language == "sh":
            self._shell(block, block.text, fails=False)
            return
        said = ""
        for line in block.text.splitlines():
            if line.startswith("$ "):
                said += f"{line}\n" + self._shell(block, line[2:], fails=block.checked)
        if block.checked:
            shown = _pattern(block.text)
            wrong = f"{block.name}: the page shows\n{block.text}\nand now it is\n{said}"
            assert re.fullmatch(shown, _plain(said)), wrong

    def _shell(self, block: Block, script: str, *, fails: bool) -> str:
        at = self._folder.parent / "tools" / "standing"
        status = "" if fails else "set -e\n"
        done = subprocess.run(
            ["sh", "-c", f"trap 'pwd >\"{at}\"' EXIT\n{status}{self._own(script)}"],
            cwd=self._standing,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        wrong = f"{block.name} ended with {done.returncode}:\n{script}\n{done.stdout}"
        assert fails or not done.returncode, wrong
        self._standing = type(at)(at.read_text().rstrip("\n"))
        if "make" in script:
            time.sleep(1)  # a reader is no faster; the frontend hears of a change within that time
        return self._shown(done.stdout)

    def _shown(self, text: str) -> str:
        """Return what a command said as it would look on the reader's machine."""
        text = text.replace(self._prefix, "")
        for port in (self._site.http, self._site.https) if self._site else ():
            text = text.replace(f":{port}", "")
        return text

    def end(self) -> None:
        """Remove what the page's projects left in the engine."""
        if self._engine:
            labels = ("container", "ls", "--all"), ("volume", "ls"), ("network", "ls")
            form = '--format={{.Label "com.docker.compose.project"}}'
            found = {n for words in labels for n in self._engine.docker(*words, form).split()}
            own = {n for n in found if n.startswith(self._prefix)}
            for name in own | {f"{self._prefix}{self._folder.name}"}:
                Site(self._engine, self._folder, name).end()
        shutil.rmtree(self._folder, ignore_errors=True)


def _plain(text: str) -> str:
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _pattern(shown: str) -> str:
    parts = []
    for line in _plain(shown).splitlines():
        if line == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(r"[^\n]*".join(re.escape(part) for part in line.split("…")) + r"\n")
    # The last line of what was said has no line break any more.
    return "".join(parts).removesuffix(r"\n") if _plain(shown)[-1:] != "…" else "".join(parts) + r"[^\n]*"
