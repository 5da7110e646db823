"""settings.awk: the runner and a build agree on the form of what is read at ``up``."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from composegen.keys.project import SETTINGS
from composegen.keys.spec import BadValue
from tests.unit.runner.conftest import filtered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_VALUES = (
    *("1y", "0", "86400", "31536000", "-1", "+1", "1.5", " 1", "1 ", "70000", "65535", "65536", "080", "1-2"),
    *("10.0.0.0/8,192.0.2.7", "10.0.0.0/8, 192.0.2.7", " 10.0.0.0/8 , ::1", "10.0.0.0/8 192.168.0.0/16"),
    *("10.0.0.0/8,", ",10.0.0.0/8", ",", " ", "10.0.0.0/33", "10.0.0.256", "10.0.0", "010.0.0.1", "1.0.0.0/"),
    *("10.0.0.0/255.0.0.0", "::", "::1", "1::", "fd00::/8", "2001:db8::1/129", "1:2:3:4:5:6:7:8", "1:2:3"),
    *("1::2::3", ":::", "1:2:3:4:5:6:7:8:9", "::ffff:192.0.2.1", "1:2:3:4:5:6:7", "::1:", ":1::", "12345::"),
    *("127.0.0.1", "[::1]", "[127.0.0.1]", "localhost", "127.0.0.1:80", "1.0.0.0", "g::1", "1::2:3:4:5:6:7"),
    *("::1:2:3:4:5:6:7", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "1:2:3:4:5:6::8", "fe80::1.2.3.4", "x"),
)
_NAMES = (
    *("COMPOSEGEN_HSTS_SECONDS", "COMPOSEGEN_KEEP_RELEASES", "COMPOSEGEN_HTTP_PORT", "COMPOSEGEN_HTTPS_PORT"),
    *("COMPOSEGEN_BIND", "COMPOSEGEN_TRUSTED_PROXIES"),
)


def _takes(name: str, value: str) -> bool:
    try:
        SETTINGS[name].type.parse(value)
    except BadValue:
        return False
    return True


@pytest.mark.parametrize("name", _NAMES)
def test_runner_and_build_take_the_same_values(awk: list[str], name: str) -> None:
    """What is refused is named with its value and with what is expected."""
    said = filtered(awk, "settings.awk", "".join(f"{name}\t{v}\n" for v in _VALUES))
    refused = [v for v in _VALUES if not _takes(name, v)]
    assert [line.partition("': ")[0] for line in said] == [f"{name} is '{v}" for v in refused]
    assert refused
    assert all(" expected" in line for line in said)


def test_what_is_empty_or_another_setting_is_not_judged(awk: list[str]) -> None:
    """An empty line in .env means the default."""
    assert filtered(awk, "settings.awk", "COMPOSEGEN_HTTP_PORT\t\nCOMPOSEGEN_TAG\tx y\nUID\t-\n") == []


def test_a_start_is_refused_with_all_of_them(
    project: Path, script: Callable[..., Path], shell: list[str]
) -> None:
    """Before the facts are read, so before anything is touched."""
    path = script("PROBE=$(cat probe)\ncheck_settings\necho went on", "facts", "check", "secrets")
    (project / "probe").write_text(
        "x-has.COMPOSEGEN_BIND\ty\nx-value.COMPOSEGEN_BIND\tlocalhost\nx-value.COMPOSEGEN_HSTS_SECONDS\t1y\n"
    )
    done = subprocess.run([*shell, path], cwd=project, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: COMPOSEGEN_BIND is 'localhost': an address of this machine" in done.stderr
    assert "error: COMPOSEGEN_HSTS_SECONDS is '1y': a number of seconds" in done.stderr
    (project / "probe").write_text("x-value.COMPOSEGEN_BIND\t127.0.0.1\n")
    subprocess.run([*shell, path], cwd=project, check=True)
