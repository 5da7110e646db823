"""The same input gives the same bytes: wherever, whoever, in whatever language and time zone."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests import cases, unprivileged

if TYPE_CHECKING:
    from pathlib import Path

# Each has many names that could come in another order.
CASES = ("settings", "updates", "middlewares", "mounts")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("seed", "locale", "who"),
    [
        ("0", ("C", "UTC"), ("022", 0)),
        ("1", ("tr_TR.UTF-8", "Asia/Kolkata"), ("077", unprivileged.NOBODY)),
        ("4242", ("de_DE.ISO-8859-1", "Pacific/Kiritimati"), ("002", unprivileged.NOBODY)),
    ],
)
def test_bytes_depend_on_the_input_only(
    name: str, seed: str, locale: tuple[str, str], who: tuple[str, int], tmp_path: Path
) -> None:
    """Another folder, user, hash seed, locale, time zone and umask write what the golden case holds."""
    case = cases.Case(cases.GOLDEN / name)
    folder = tmp_path / f"Another Folder {seed}" / "ünïcode $x"
    folder.parent.mkdir()
    _copied_in_another_order(case.input, folder, int(seed))
    settings, options = case.command
    umask, uid = who
    if uid:
        unprivileged.give(folder, uid)
    before = cases.tree(folder)
    environ = {
        "HOME": str(tmp_path),
        "PYTHONHASHSEED": seed,
        "LC_ALL": locale[0],
        "TZ": locale[1],
        "COLUMNS": seed,
        **settings,
    }
    done = unprivileged.build(folder, options, uid=uid, umask=umask, environ=environ)
    assert done.returncode == 0, done.stderr
    wrote = {p: b for p, b in cases.tree(folder).items() if before.get(p) != b}
    assert wrote == cases.expected(case)


def test_the_output_names_no_place_of_this_machine(tmp_path: Path) -> None:
    """No absolute path of the project's folder, no user, no host name, no year."""
    for case in cases.cases(cases.GOLDEN):
        built = cases.build(case, tmp_path / case.name)
        for path, content in built.wrote.items():
            assert str(tmp_path).encode() not in content, path
            assert os.uname().nodename.encode() not in content, path


def _copied_in_another_order(source: Path, target: Path, seed: int) -> None:
    """Copy file by file in a random order: some file systems list names in the order of creation."""
    paths = sorted(p for p in source.rglob("*") if p.is_file())
    random.Random(seed).shuffle(paths)  # noqa: S311 - an order, not a secret
    target.mkdir()
    for path in paths:
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
