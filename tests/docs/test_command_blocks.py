"""Every command block of README.md and docs is run; ``tests/docs/pages.py`` says how pages mark them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.following import Reader
from tests.docs.pages import Block, blocks, pages
from tests.engine import Engine
from tests.standin import image as standin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_IMAGES = ("busybox", "traefik", "nginx", "haproxy", "python", "postgres")
_MOST_NOT_RUN = 12
_COMMANDS = [b for page in pages() for b in blocks(page) if b.command]
_RUN = [b for b in _COMMANDS if not b.not_run]


def _engine() -> Engine:
    engine = Engine.shared(_IMAGES)
    standin.ensure(engine)
    return engine


@pytest.fixture(scope="module")
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Give a reader of the page; the blocks of one page share him."""
    page: Path = request.param
    found = Reader(page, tmp_path_factory.mktemp(page.stem.lower()), _engine)
    yield found
    found.end()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("reader", "block"),
    [pytest.param(b.page, b, id=b.name) for b in _RUN],
    indirect=["reader"],
    scope="module",
)
def test_the_block_does_what_the_page_says(reader: Reader, block: Block) -> None:
    """It succeeds after the blocks before it, and prints what the page promises."""
    reader.follow(block)


def test_few_blocks_are_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Each says why; they are counted and printed."""
    left = [f"{b.name}: {b.not_run}" for b in _COMMANDS if b.not_run]
    with capsys.disabled():
        print(f"\n{len(left)} of {len(_COMMANDS)} command blocks are not run:", *left, sep="\n  ")  # noqa: T201 - the count belongs into the run
    assert len(left) <= _MOST_NOT_RUN
