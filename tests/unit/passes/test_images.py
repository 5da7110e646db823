"""Services that name one image share it: one pin, one policy of updates, however they name it."""

from __future__ import annotations

from typing import Any

import yaml

from composegen.diagnostics import Report
from composegen.pipeline import Input, compile_project
from composegen.source import Source

SAME = "# composegen.image = r.test/app:1\nFROM alpine\n"


def facts(**texts: str) -> dict[str, Any]:
    """Compile Dockerfiles named after their services; return what the runner is told of each."""
    sources = [Source(f"{n}/Dockerfile", f"# composegen.service = {n}\n{t}") for n, t in texts.items()]
    report = Report()
    env = Source(".env", "COMPOSEGEN_TLS=off\nCOMPOSEGEN_REGISTRY=r.test\n")
    files = compile_project(Input(sources=sources, env=env), report).files
    assert not report.has_errors, list(report)
    found: dict[str, Any] = yaml.safe_load(files["docker-compose.yml"])["x-composegen"]["services"]
    return found


def test_the_same_reference_is_one_image() -> None:
    """The first owns it, and all follow the strictest of them."""
    found = facts(api=SAME, web=f"# composegen.update = off\n{SAME}", other="FROM alpine\n")
    assert [found[s]["image"] for s in ("api", "web")] == ["COMPOSEGEN_IMAGE_API"] * 2
    assert [found[s]["update"] for s in ("api", "web")] == ["off"] * 2
    assert found["other"]["image"] == "COMPOSEGEN_IMAGE_OTHER"


def test_who_builds_it_owns_it() -> None:
    """Whichever comes first."""
    reference = "${COMPOSEGEN_REGISTRY}/web:${COMPOSEGEN_TAG:-latest}"
    found = facts(job=f"# composegen.image = {reference}\nFROM alpine\n", web="FROM alpine\nRUN true\n")
    assert [found[s]["image"] for s in ("job", "web")] == ["COMPOSEGEN_IMAGE_WEB"] * 2
