"""nginx without a container: what it says of a configuration, and that runs do not meet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.nginx import run
from tests.nginx.parse import expanded, walk

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(run.why_not()), reason=run.why_not() or "nginx can be run")

GOOD = """\
error_log stderr;
events {}
http {
    include /etc/nginx/mime.types;
    resolver 127.0.0.11;
    access_log /dev/stdout;
    include up/*.conf;
    server {
        listen 80;
        listen 127.0.0.1:8080;
        listen [::]:443 ssl;
        http2 on;
        server_name a.example.org;
        ssl_certificate /tls/$server_name.pem;
        ssl_certificate_key /tls/$server_name.pem;
        location / {
            limit_req zone=z;
            sub_filter a b;
            auth_basic "x";
            auth_basic_user_file /secrets/users;
            proxy_pass http://app;
        }
        location /status {
            stub_status;
        }
    }
    limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s;
    real_ip_header X-Forwarded-For;
    gzip on;
}
"""
UPSTREAM = "upstream app { zone app 64k; server p-app:8080 resolve; }\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration in two files, as a frontend's are: names, no addresses, no certificate."""
    (tmp_path / "up").mkdir()
    (tmp_path / "nginx.conf").write_text(GOOD)
    (tmp_path / "up" / "app.conf").write_text(UPSTREAM)
    return tmp_path


def test_a_good_configuration(folder: Path) -> None:
    """It is good without the hosts that it names, and the dump has all of it."""
    done = run.check({"/nginx": folder}, "/nginx/nginx.conf")
    assert (done.good, done.issues) == (True, []), done.messages
    tree = expanded(done.dump)
    assert [directive.name for directive in tree] == ["error_log", "events", "http"]
    placed = {directive.name: (directive.file, directive.line) for _, directive in walk(tree)}
    assert placed["zone"] == ("/nginx/up/app.conf", 1)
    assert placed["gzip"] == ("/nginx/nginx.conf", 29)
    assert placed["types"][0] == "/etc/nginx/mime.types"


def test_a_warning(folder: Path) -> None:
    """Warnings and errors are told apart from the verdict, with the files' paths inside."""
    (folder / "up" / "b.conf").write_text("server { server_name a; listen 80; }\n" * 2)
    done = run.check({"/nginx": folder}, "/nginx/nginx.conf")
    assert done.good
    assert done.issues == ['[warn] conflicting server name "a" on 0.0.0.0:80, ignored']


def test_a_bad_configuration(folder: Path) -> None:
    """What is refused has no dump."""
    (folder / "up" / "app.conf").write_text("nonsense {}\n")
    done = run.check({"/nginx": folder}, "/nginx/nginx.conf")
    assert (done.good, done.dump) == (False, "")
    assert done.issues == ['[emerg] unknown directive "nonsense" in /nginx/up/app.conf:1']


def test_a_script_and_its_values(folder: Path) -> None:
    """A script of the image runs as in the image: envsubst, /tmp, and the files cannot be changed."""
    (folder / "start").write_text(
        "cd /nginx && envsubst '${NAME}' <part >/tmp/part && cat /tmp/part && echo >x\n"  # noqa: RUF100
    )
    (folder / "part").write_text("server_name ${NAME}$host;\r\n")
    done = run.run(["sh", "/nginx/start"], {"/nginx": folder}, {"NAME": "a.example.org"})
    assert done.stdout == "server_name a.example.org$host;\r\n"
    assert (done.returncode, "Read-only" in done.stderr) == (1, True)


def test_runs_do_not_meet(folder: Path) -> None:
    """The same port and the same file in /tmp, many times at once; nothing stays."""

    def once(number: int) -> str:
        script = f"echo {number} >/tmp/n; nginx -q -t -c /nginx/nginx.conf && sleep 0.05; cat /tmp/n"
        return run.run(["sh", "-c", script], {"/nginx": folder}).stdout.strip()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(once, range(24))) == [str(number) for number in range(24)]
    assert list((run.system() / "tmp").iterdir()) == []
    assert list((run.system() / "nginx").iterdir()) == []
