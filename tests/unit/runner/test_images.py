"""lib-images.sh, lib-build.sh and lib-one.sh: what is built, what is accepted, what one service needs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Columns of services.awk; a docker that tells which tags it moves, and knows ids of one letter.
_SERVICES = [
    "api p-api p-api V yes auto long 1 roll off no",
    "worker p-api p-api V no auto long 0 stop off no",
    "man p-man p-man V yes manual long 0 stop off no",
    "db r/db:1 r/db:1 V no auto long 0 stop notify no",
]
_FACTS = """\
services.api.depends_on.db.condition\tservice_started
services.api.depends_on.odd\\.one.condition\tservice_healthy
services.odd\\.one.depends_on.api.condition\tservice_started
services.worker.depends_on.toolbox.condition\tservice_started"""
_DOCKER = """\
docker() { [ "$1" != tag ] || echo "tag $2 $3"; [ "$1" != image ] || return 1; }
local_ids() { printf '%s\\n' "$HERE"; }
state_folder
printf '%s' "$OLD" >"$STATE/images"
"""


def _run(script: Callable[..., Path], body: str, **values: str) -> str:
    services = "\n".join(line.replace(" ", "\t") for line in _SERVICES)
    given = {"SERVICES": services, "CONTAINERS": "", "IMAGES": "", "FACTS": _FACTS, "HERE": "", "OLD": ""}
    lines = [f"{name}='{value}'" for name, value in (given | values).items()]
    path = script("\n".join((*lines, _DOCKER, body)), "facts", "state", "images", "build", "one")
    done = subprocess.run(["sh", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("names", "images", "containers", "builds"),
    [
        ("", "", "", "api"),
        ("", "", "man\t1", "api man"),
        ("api", "", "", "api"),
        ("worker", "", "", "api"),
        ("api worker", "p-api\ta", "", ""),
        ("man", "p-api\ta", "", "man"),
        ("db", "", "", ""),
    ],
)
def test_what_is_built(
    script: Callable[..., Path], names: str, images: str, containers: str, builds: str
) -> None:
    """By `up` all that it starts and what is there of the rest; for single services what they lack."""
    said = _run(script, f"to_build {names}", IMAGES=images, CONTAINERS=containers)
    assert said.split() == builds.split()


@pytest.mark.parametrize(("names", "moved"), [("", ""), ("worker db", "tag a p-api"), ("man", "")])
def test_a_tag_is_pointed_back_for_what_starts_as_it_is(
    script: Callable[..., Path], names: str, moved: str
) -> None:
    """Of what is built here too, unless `up` builds it anew."""
    old = "p-api\ta\t2026\n"
    said = _run(script, f"settle_images {names}\ncat $STATE/images", OLD=old, HERE="p-api\tb\na\ta")
    assert (moved in said if moved else "tag " not in said), said
    assert ("api worker: what was built since is not started" in said) == bool(moved)
    assert old in said


@pytest.mark.parametrize(("rolled", "accepted"), [("", "b"), (" worker", "a"), (" db", "b")])
def test_a_build_is_accepted_when_it_was_ready(
    script: Callable[..., Path], rolled: str, accepted: str
) -> None:
    """Until then the old image counts; what composegen rolls, or shares with that, it accepts itself."""
    show = "cut -f 1,2 $STATE/images"
    body = f"settle_images; BUILT=p-api$NL; accept p-api b; save_accepted; {show}; accept_built; {show}"
    old = "p-api\ta\t2026\nr/db:1\tc\t2026\n"
    said = _run(script, body, OLD=old, ROLLED=rolled)
    before = ["p-api\ta", "r/db:1\tc"]
    assert said.splitlines() == [*before, f"p-api\t{accepted}", "r/db:1\tc"]


def test_what_a_service_needs(script: Callable[..., Path]) -> None:
    """All that it depends on, in circles too."""
    assert _run(script, "with_needed api").split() == ["api", "db", "odd.one"]
    assert _run(script, "with_needed db").split() == ["db"]


@pytest.mark.parametrize(("only", "secrets"), [("", "one my.two"), ("db", "my.two"), ("api worker", "one")])
def test_secrets_are_looked_at_for_who_starts(script: Callable[..., Path], only: str, secrets: str) -> None:
    """A start of one service needs no secret of another."""
    facts = [
        "services.api.secrets.0.source\tone",
        "services.db.secrets.0.source\tmy.two",
        "secrets.one.file\t/s/one",
        "secrets.my\\.two.file\t/s/two",
    ]
    said = _run(script, '. "$RUN/lib-secrets.sh"; secret_files', FACTS="\n".join(facts), ONLY=only)
    assert [line.split("\t")[0].replace("\\", "") for line in said.splitlines()] == secrets.split()


@pytest.mark.parametrize(("only", "paths"), [("", "./a ./b ./all"), ("db", "./b ./all"), ("man", "./all")])
def test_folders_are_made_for_who_starts(script: Callable[..., Path], only: str, paths: str) -> None:
    """A start of one service makes no folder of another; files of before do not say whose they are."""
    facts = [
        "x-composegen.folders.0.path\t./a",
        "x-composegen.folders.0.services.0\tapi",
        "x-composegen.folders.1.path\t./b",
        "x-composegen.folders.1.services.0\tapi",
        "x-composegen.folders.1.services.1\tdb",
        "x-composegen.folders.2.path\t./all",
    ]
    body = '. "$RUN/lib-folders.sh"; items folders path'
    assert _run(script, body, FACTS="\n".join(facts), ONLY=only).split() == paths.split()
