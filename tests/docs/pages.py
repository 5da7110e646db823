"""The pages of the documentation as data: blocks of code, what is to be done with each, links.

How a page says what a block is, all of it invisible or natural on a web page:

- a ``sh`` block is run and has to succeed; in a ``console`` block the lines after ``$ `` are run, and
  the other lines are what is printed;
- ``<!-- output checked -->`` above a console block: what is printed has to be what the page shows,
  where ``…`` stands for anything; the exit status does not matter then;
- ``<!-- not run: REASON -->`` above a block: it cannot run in a test;
- a sentence that ends in `` `NAME`: `` above another block: the block is that file. When the sentence
  begins with "Add to the top of" the block goes in front of the file, with "Add to" behind it;
- ``<!-- starts from: FOLDER -->`` anywhere: the page begins with the files of this folder of the
  repository;
- ``<!-- continues: PAGE -->``: it begins with the files that another page of its folder shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```([\w-]*)[^`]*$")
_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->$")
_FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)*)`:$")
_START = re.compile(r"^<!-- starts from: (\S+) -->$", re.MULTILINE)
_CONTINUES = re.compile(r"^<!-- continues: (\S+) -->$", re.MULTILINE)
COMMANDS = ("sh", "console")


@dataclass(frozen=True)
class Block:
    """One fenced block. ``line`` is that of the fence; ``above`` is the sentence or comment before it."""

    page: Path
    line: int
    language: str
    text: str
    above: str

    @property
    def name(self) -> str:
        """The block as a person looks it up."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def command(self) -> bool:
        """Whether it is something to type."""
        return self.language in COMMANDS

    @property
    def not_run(self) -> str | None:
        """Why it cannot run in a test, or None."""
        found = _NOT_RUN.search(self.above)
        return found[1] if found else None

    @property
    def checked(self) -> bool:
        """Whether the page promises what is printed."""
        return self.language == "console" and self.above == "<!-- output checked -->"

    @property
    def file(self) -> str | None:
        """The file that the block shows, or None."""
        found = None if self.command else _FILE.search(self.above)
        return found[1] if found else None

    def put(self, before: str) -> str:
        """Return what the file holds once the reader has done as the page says."""
        if self.above.startswith("Add to the top of "):
            return self.text + before
        return before + self.text if self.above.startswith("Add to ") else self.text


def pages() -> list[Path]:
    """List README.md and every page below docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """List the page's blocks in their order."""
    found: list[Block] = []
    above, opened, language, inside = "", 0, "", []
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if opened:
            if line.rstrip() == "```":
                text = "".join(f"{one}\n" for one in inside)
                found.append(Block(page, opened, language, text, above))
                opened, inside, above = 0, [], ""
            else:
                inside.append(line)
        elif fence := _FENCE.match(line):
            opened, language = number, fence[1]
        elif line.strip():
            above = line.strip()
    assert not opened, f"{page}:{opened}: the block does not end"
    return found


def start(page: Path) -> Path | None:
    """Return the folder that the page starts from."""
    found = _START.search(page.read_text("utf-8"))
    return ROOT / found[1] if found else None


def continued(page: Path) -> Path | None:
    """Return the page that this one goes on from."""
    found = _CONTINUES.search(page.read_text("utf-8"))
    return page.parent / found[1] if found else None


def prose(page: Path) -> str:
    """Return the page without its blocks; the lines keep their numbers."""
    lines, inside = [], False
    for line in page.read_text("utf-8").splitlines():
        fence = line.startswith("```")
        lines.append("" if fence or inside else line)
        inside ^= fence
    return "\n".join(lines)
