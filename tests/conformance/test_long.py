"""What takes a minute: renewed certificates, and what began when the project started."""

from __future__ import annotations

import time

from tests.conformance.stack import SITE_HOST, Stack
from tests.e2e.site import wait


def test_renewal(stack: Stack) -> None:
    """The certificate changes under new connections, and none of them is lost; nothing restarts."""
    form = "{{.Id}} {{.State.StartedAt}}"
    before = stack.site.state(form, stack.frontend.service)
    if len(stack.watch.serials) == 1:
        stack.frontend.renew(stack.site, SITE_HOST)
    wait("a renewed certificate", lambda: len(stack.watch.serials) > 1, 120)
    time.sleep(1)
    stack.watch.stop()
    assert stack.watch.failures == []
    assert stack.watch.sent > 50
    assert stack.site.state(form, stack.frontend.service) == before


def test_a_slow_upload_is_not_cut(stack: Stack) -> None:
    """The one that began when the project started has taken 75 seconds."""
    assert stack.slow_upload.result(90) == ""


def test_a_slow_answer_is_not_given_up(stack: Stack) -> None:
    """Without the key `timeout` an answer may take 70 seconds to begin."""
    assert stack.slow_answer.result(90) == 200


def test_an_idle_websocket_stays_open(stack: Stack) -> None:
    """One that was silent since the project started, for 75 seconds, still works."""
    stack.slow_upload.result(90)
    assert stack.socket.echo(b"hello") == b"hello"
