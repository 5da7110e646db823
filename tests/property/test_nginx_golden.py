"""nginx takes every golden case without a word, and gixy finds nothing in it.

Each case's project is built with nginx as its frontend, whatever its own is; what cannot be built so
is listed with its reason. gixy is a scanner of nginx configurations for known mistakes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import cases
from tests.nginx import generated, run

pytestmark = pytest.mark.skipif(bool(run.why_not()), reason=run.why_not() or "nginx can be run")

REFUSED = {
    "acme-tls": "certbot cannot answer the tls challenge",
    "middlewares": "1000 requests an hour are no whole number a minute",
    "settings": "nginx has no dashboard",
    "dashboard-clear": "nginx has no dashboard",
}
# gixy's checks that do not count here, and why.
SKIPPED = {
    "hsts_header": "the header's value is a variable, which it cannot follow",
    "proxy_pass_normalized": "what stands behind the host is $request_uri, or cut from it",
    "return_bypasses_allow_deny": "411 tells nothing; 502 comes after the first location let somebody in",
    "host_spoofing": "an application sees the Host that was asked for",
}


def built(case: cases.Case, folder: Path) -> cases.Built:
    """Build the case with nginx."""
    shutil.copytree(case.input, folder, symlinks=True)
    given, options = case.command
    return cases.run(folder, options, {**given, "COMPOSEGEN_FRONTEND": "nginx"})


@pytest.mark.parametrize("case", cases.cases(cases.GOLDEN), ids=lambda case: case.name)
def test_nginx_takes_it(case: cases.Case, tmp_path: Path) -> None:
    """`nginx -t` says nothing but that it is well; so does gixy."""
    done = built(case, tmp_path / "project")
    assert (done.code != 0) == (case.name in REFUSED), done.said
    if done.code:
        return
    folder = tmp_path / "project/composegen.d/nginx"
    compose = (tmp_path / "project/docker-compose.yml").read_text()
    env = generated.environment(compose, COMPOSE_PROJECT_NAME="case")
    env |= {name: f"{name.lower().replace('_', '-')}.test" for name in env if name.startswith("HOST_")}
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    filled = generated.fill(folder, env, secrets=secrets)
    assert filled.good, filled.said
    assert filled.issues == []
    dump = tmp_path / "dump"
    dump.write_text(filled.dump)
    assert findings(dump) == []


def test_hosts_of_one_value_are_one_host(tmp_path: Path) -> None:
    """What two variables serve stands in one server block per port, the longest path first."""
    project = tmp_path / "project"
    project.mkdir()
    (project / ".env").write_text("COMPOSEGEN_TLS=files\n")
    (project / "Dockerfile").write_text(
        "# composegen.service = web\n"
        "# composegen.url = https://${A_HOST}\n"
        "# composegen.url = https://${B_HOST}/api/v2\n"
        "# composegen.url = http://${C_HOST}/api\n"
        "FROM busybox\n"
    )
    done = cases.run(project, [], {"COMPOSEGEN_FRONTEND": "nginx"})
    assert done.code == 0, done.said
    values = {"A_HOST": "one.test", "B_HOST": "ONE.test", "C_HOST": "one.test"}
    env = generated.environment(
        (project / "docker-compose.yml").read_text(), COMPOSE_PROJECT_NAME="x", **values
    )
    filled = generated.fill(project / "composegen.d/nginx", env)
    assert filled.good, filled.said
    assert filled.issues == []
    assert filled.dump.count("server_name one.test;") == 2
    _, secure, clear = filled.dump.split("server_name one.test;")
    assert secure.index("/api/v2(/|$)") < secure.index("location / {")
    assert clear.index("/api/v2(/|$)") < clear.index('"^/api(/|$)') < clear.index("location / {")
    assert clear.count("include to-https.conf;") == 2


def test_a_star_is_one_label(tmp_path: Path) -> None:
    """Any number of labels is what a star means to nginx itself."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text(
        "# composegen.service = web\n# composegen.url = http://*.one.test\nFROM busybox\n"
    )
    done = cases.run(project, [], {"COMPOSEGEN_FRONTEND": "nginx"})
    assert done.code == 0, done.said
    env = generated.environment((project / "docker-compose.yml").read_text(), COMPOSE_PROJECT_NAME="x")
    filled = generated.fill(project / "composegen.d/nginx", env)
    assert filled.good, filled.said
    assert 'server_name "~^[^.]+\\Q.one.test\\E$";' in filled.dump


def findings(dump: Path) -> list[object]:
    """What gixy says of a configuration as `nginx -T` prints it."""
    gixy = Path(sys.executable).with_name("gixy")
    words = [
        str(gixy),
        "--format",
        "json",
        "--nginx-version",
        "1.30.6",
        "--skips",
        ",".join(SKIPPED),
        str(dump),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return [{k: one[k] for k in ("plugin", "summary", "line", "config")} for one in json.loads(done.stdout)]
