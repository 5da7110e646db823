"""Which port a Dockerfile's process listens on: told for certain, or not at all."""

from __future__ import annotations

import pytest

from composegen.passes.scan import scan
from composegen.scaffold.ports import http_port
from composegen.source import Source

CERTAIN = [
    ("FROM a\nEXPOSE 8000", 8000),
    ("FROM a\nARG P=81\nEXPOSE $P/tcp", 81),
    ("FROM a AS b\nEXPOSE 8000\nFROM b", 8000),
    ("FROM a\nEXPOSE 8000 9000\nCMD gunicorn -b :9000 app:app", 9000),
    ("FROM a\nENV PORT=3000\nCMD npm start", 3000),
    ('FROM a\nCMD ["gunicorn", "app:app"]', 8000),
    ('FROM a\nCMD ["gunicorn", "-b", "0.0.0.0:5001", "app:app"]', 5001),
    ('FROM a\nCMD ["gunicorn", "--bind=[::]:5001", "app:app"]', 5001),
    ("FROM a\nCMD exec uvicorn app:app --port 9001", 9001),
    ("FROM a\nCMD poetry run uvicorn app:app", 8000),
    ("FROM a\nCMD python3.12 -m flask run --host 0.0.0.0 -p8081", 8081),
    ("FROM a\nCMD flask run", 5000),
    ("FROM a\nCMD python manage.py runserver 0.0.0.0:8007", 8007),
    ("FROM a\nCMD python -m http.server", 8000),
    ("FROM a\nCMD python -m http.server 8080 -d /site", 8080),
    ("FROM a\nCMD bundle exec rails server", 3000),
    ('FROM a\nENTRYPOINT ["tini", "--"]\nCMD ["waitress-serve", "--listen=*:6543", "app:app"]', 6543),
    ('FROM a\nENTRYPOINT ["uvicorn", "app:app"]\nCMD ["--port", "8002"]', 8002),
    ("FROM nginx:stable-alpine", 80),
    ("FROM docker.io/nginxinc/nginx-unprivileged:1@sha256:" + "0" * 64, 8080),
    ("FROM caddy\nCOPY . /site", 80),
]

UNCERTAIN = [
    "FROM a",
    "FROM a\nEXPOSE 5432",
    "FROM a\nEXPOSE 53/udp",
    "FROM a\nEXPOSE 8000 9000",
    "FROM a\nEXPOSE 8000-8010",
    "FROM a\nCMD node server.js",
    "FROM a\nCMD gunicorn -b unix:/run/app.sock app:app",
    "FROM a\nCMD gunicorn -b :$PORT app:app",
    "FROM a\nCMD migrate && gunicorn app:app",
    "FROM a\nCMD gunicorn $OPTIONS app:app",
    "FROM a\nCMD flask run || sleep 9",
    "FROM a\nCMD celery worker",
    "FROM a\nCMD flask db upgrade",
    "FROM a\nCMD python manage.py migrate",
    "FROM a\nCMD 'gunicorn",
    "FROM nginx\nCMD sleep 1",
    "FROM postgres:16",
    "",
]


@pytest.mark.parametrize(("text", "port"), CERTAIN)
def test_certain(text: str, port: int) -> None:
    """EXPOSE, the environment, a known command or a known image tell it."""
    assert http_port(scan(Source("Dockerfile", text))) == port


@pytest.mark.parametrize("text", UNCERTAIN)
def test_uncertain(text: str) -> None:
    """Whatever could be something else gives nothing."""
    assert http_port(scan(Source("Dockerfile", text))) is None
