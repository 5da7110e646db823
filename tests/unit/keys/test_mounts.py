"""Sources of volumes that begin with a reference: what their defaults mean."""

from __future__ import annotations

import pytest

from composegen.diagnostics import Report
from composegen.keys.mounts import volume
from composegen.keys.spec import BadValue
from composegen.pipeline import Input, compile_project
from composegen.source import Source


@pytest.mark.parametrize(
    ("source", "likely"),
    [
        ("${D}", "${D}"),
        ("${D:?why}/x", "${D:?why}/x"),
        ("${D:-./data}", "./data"),
        ("${D-/srv}/x", "/srv/x"),
        ("${D:-../a/${B:-b}}", "../a/b"),
        ("${D:-${B}}", "${B}"),
        ("${D:+/srv}/x", "/srv/x"),
        ("${D:-~}", "~"),
        ("./a/${B:-b}", "./a/b"),
    ],
)
def test_a_default_that_is_a_path(source: str, likely: str) -> None:
    """It counts as the source where .env says nothing; a variable without one may be anything."""
    assert volume(f"{source}:/data").likely == likely


@pytest.mark.parametrize("source", ["${D:-data}", "${D:-}", "${D:+data}", "${D:-${B:-b}}", "${D:-~eve/x}"])
def test_a_default_that_is_none(source: str) -> None:
    """Compose would look for a volume of that name, which nobody declares."""
    with pytest.raises(BadValue, match="no path") as bad:
        volume(f"{source}:/data:ro")
    assert (bad.value.start, bad.value.end) == (0, len(source))
    assert bad.value.hint == "a default of a source is a path: ${DATA:-./data}"


def test_folders_of_defaults_stay_out_of_git_and_of_images() -> None:
    """As those that are written plainly; what lies outside of the project needs no line."""
    sources = (
        "${A:-./one}",
        "${B:-./two/${C:-three}}",
        "${D}",
        "${E:-/srv/x}",
        "${F:-../up}",
        "${G:-.seven}",
    )
    lines = "".join(f"# composegen.volume = {s}:/data{n}\n" for n, s in enumerate(sources))
    text = f"# composegen.service = web\n# composegen.build = .\n{lines}FROM alpine\n"
    files = compile_project(Input(sources=[Source("Dockerfile", text)]), Report()).files
    found = [line for line in files[".gitignore"].splitlines() if not line.startswith("#")]
    assert found == ["/.env", "/secrets/", "/.composegen/", "/one/", "/two/three/", "/.seven/"]
    assert {"one/", "two/three/"} <= set(files[".dockerignore"].splitlines())
