"""docs/how-to/add-a-frontend.md: a word, a module and a template folder make a frontend."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-frontend.md"
WEB = "# composegen.service = web\n# composegen.url = https://example.com\n"
_FILE = re.compile(r"<!-- (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the frontend of the page."""
    folder = tmp_path_factory.mktemp("checkout")
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "composegen", folder / "composegen", ignore=skip)
    # As the wheel has it: the templates are a package of composegen's.
    shutil.copytree(ROOT / "templates", folder / "composegen" / "templates", ignore=skip)
    files = dict(_FILE.findall(PAGE.read_text("utf-8")))
    assert sorted(files) == ["composegen/frontends/caddy.py", "templates/caddy/head"]
    for path, text in files.items():
        place = folder / (f"composegen/{path}" if path.startswith("templates/") else path)
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    names = folder / "composegen" / "keys" / "frontends.py"
    names.write_text(names.read_text().replace('"nginx", ', '"nginx", "caddy", '))
    return folder


def build(checkout: Path, project: Path, dockerfile: str) -> subprocess.CompletedProcess[str]:
    """Build a project with it."""
    (project / "Dockerfile").write_text(dockerfile)
    (project / ".env").write_text("COMPOSEGEN_FRONTEND=caddy\nCOMPOSEGEN_ACME_EMAIL=ops@example.com\n")
    return subprocess.run(
        [sys.executable, "-m", "composegen", "build", str(project)],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_builds(checkout: Path, tmp_path: Path) -> None:
    """The compose file has it, its file has the routes, the longest first."""
    api = "# composegen.url = https://example.com/api port=81\n"
    done = build(checkout, tmp_path, WEB + api + "FROM alpine\n")
    assert done.returncode == 0, done.stderr
    document = yaml.safe_load((tmp_path / "docker-compose.yml").read_text())
    assert document["services"]["caddy"]["image"] == "caddy:2"
    assert document["x-composegen"]["shape"]["COMPOSEGEN_FRONTEND"] == "caddy"
    assert "frontend" in document["services"]["web"]["networks"]
    routes = (tmp_path / "composegen.d/caddy/Caddyfile").read_text()
    assert routes.index("{$PROJECT}-web:81") < routes.index("{$PROJECT}-web:80")


def test_what_it_cannot_do_is_said(checkout: Path, tmp_path: Path) -> None:
    """A key that it does not serve is an error with its place."""
    done = build(
        checkout,
        tmp_path,
        WEB + "# composegen.maxbody = 1m\nFROM alpine\n",
    )
    assert done.returncode == 1
    assert "Dockerfile:3:24: error[CG213]: maxbody with caddy" in done.stderr


def test_its_name_is_taken(checkout: Path, tmp_path: Path) -> None:
    """No service of the user's can have the name of the frontend's."""
    done = build(checkout, tmp_path, "# composegen.service = caddy\nFROM alpine\n")
    assert done.returncode == 1
    assert "caddy" in done.stderr
