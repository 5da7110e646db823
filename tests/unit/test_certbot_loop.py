"""certbot's loop, with a certbot and a clock of the test's own: when it tries again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

_LOOP = Path(__file__).parents[2] / "templates" / "certbot" / "loop"
_FAKE = "#!/bin/sh\n{}\n"


def _waits(folder: Path, answers: str, every: int) -> list[int]:
    """Run the loop; certbot succeeds at tries whose letter is ``y``; give the seconds between the tries.

    The loop ends when the answers do.
    """
    for name in ("bin", "tls", "etc", "tmp"):
        (folder / name).mkdir()
    text = _LOOP.read_text("utf-8")
    for path, own in (("/tmp/", "tmp/"), ("/etc/letsencrypt", "etc"), ("/tls/", "tls/")):
        assert path in text
        text = text.replace(path, f"{folder}/{own}")
    (folder / "loop").write_text(text, "utf-8")
    live = f"{folder}/etc/https___acme.test_dir/live/a.test"
    fakes = {
        "certbot": f"echo try >>{folder}/tries; n=$(grep -c try {folder}/tries)\n"
        f"mkdir -p {live}; echo $n >{live}/privkey.pem; echo $n >{live}/fullchain.pem\n"
        f'[ "$(printf %s {answers} | cut -c $n)" = y ]',
        "sleep": f'echo "$1" >>{folder}/waits\n'
        f"[ $(grep -c . {folder}/waits) -lt {len(answers)} ] || kill $PPID",
    }
    for name, body in fakes.items():
        (folder / "bin" / name).write_text(_FAKE.format(body))
        (folder / "bin" / name).chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "HOSTS": "a.test",
        "SERVER": "https://acme.test/dir",
        "EMAIL": "ops@example.com",
        "EVERY": str(every),
    }
    done = subprocess.run(
        ["sh", str(folder / "loop")], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert (folder / "tmp" / "complete").exists() == answers.endswith("y"), done.stderr
    return [int(line) for line in (folder / "waits").read_text().split()]


@pytest.mark.parametrize(
    ("answers", "every", "waits"),
    [
        ("nnnnny", 3600, [60, 300, 1500, 3600, 3600, 3600]),
        ("ynyny", 3600, [3600, 60, 3600, 60, 3600]),
        ("nny", 5, [5, 5, 5]),
    ],
)
def test_a_failed_order_is_tried_again_soon(
    tmp_path: Path, answers: str, every: int, waits: list[int]
) -> None:
    """After a minute, five and twenty-five, which an authority bears, then each hour."""
    assert _waits(tmp_path, answers, every) == waits
