"""`probe`: the health check of every routed service."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.toolbox.conftest import started

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.toolbox.conftest import Box, Server

    Serve = Callable[..., Server]

ONCE = ("--tries=1", "--timeout=1")


def soon(seconds: float) -> str:
    """An epoch second from now."""
    return f"{int(time.time() + seconds)}\n"


def test_ready(box: Box, serve: Serve, address: str) -> None:
    """A server on the container's own address, or on all of them, is ready."""
    for host in (address, "0.0.0.0"):  # noqa: S104 - what the test is about
        server = serve(host)
        assert box.run("probe", "http", server.port, "/") == (0, "ready")
        assert box.run("probe", "tcp", server.port) == (0, "ready")


def test_not_ready(box: Box, serve: Serve, address: str) -> None:
    """A failing answer is named."""
    server = serve(address, "503 No")
    expected = (1, "not ready: GET /health answered 503")
    assert box.run("probe", *ONCE, "http", server.port, "/health") == expected


def test_bound_to_loopback(box: Box, serve: Serve) -> None:
    """The commonest mistake is called by its name, and is not ready."""
    server = serve("127.0.0.1")
    why = "not ready: listens on 127.0.0.1 only: other containers cannot reach it; bind 0.0.0.0"
    assert box.run("probe", *ONCE, "http", server.port, "/") == (1, why)
    assert box.run("probe", *ONCE, "tcp", server.port) == (1, why)


def test_loopback_on_request(box: Box, serve: Serve) -> None:
    """A check with a port of its own may listen on loopback only."""
    server = serve("127.0.0.1")
    assert box.run("probe", "--loopback", "http", server.port, "/") == (0, "ready")


def test_without_own_address(box: Box, serve: Serve, closed_port: str) -> None:
    """In the host's network there is no own address: 127.0.0.1 is asked."""
    (box.root / "etc/hosts").write_text("127.0.1.1 box")
    server = serve("127.0.0.1")
    assert box.run("probe", "tcp", server.port) == (0, "ready")
    why = f"not ready: connection refused on port {closed_port}"
    assert box.run("probe", *ONCE, "tcp", closed_port) == (1, why)


def test_tries(box: Box, serve: Serve, address: str) -> None:
    """Tries are made one after the other, a second apart; one success is enough."""

    def third_time(server: Server, connection: socket.socket) -> None:
        status = b"200 OK" if len(server.heard) == 2 else b"500 No"
        server.answer(connection, b"HTTP/1.0 " + status + b"\r\n\r\n")

    server = serve(address, behave=third_time)
    began = time.monotonic()
    assert box.run("probe", "--tries=3", "http", server.port, "/") == (0, "ready")
    assert len(server.heard) == 3
    assert 1.9 < time.monotonic() - began < 4


def test_total_time(box: Box, serve: Serve, address: str) -> None:
    """It takes at most tries x (timeout + 1) seconds."""
    server = serve(address, behave=lambda _, __: time.sleep(9))
    began = time.monotonic()
    code, said = box.run("probe", "--tries=2", "--timeout=2", "http", server.port, "/")
    assert (code, said) == (1, "not ready: no answer within 2 s")
    assert 4 <= time.monotonic() - began < 6


def test_none(box: Box) -> None:
    """Without a check only the flags count."""
    assert box.run("probe", "none") == (0, "ready")
    box.drain.write_text(soon(60))
    assert box.run("probe", "none") == (1, "draining")


@pytest.mark.parametrize("text", ["", "x\n", "1\n", "99999999999999999999999999\n", "-5\n"])
def test_flag_that_does_not_count(box: Box, text: str) -> None:
    """A drain flag that is over or unreadable is ignored, without a word."""
    box.drain.write_text(text)
    assert box.run("probe", "none") == (0, "ready")


def test_flag_that_is_no_file(box: Box) -> None:
    """A folder in the flag's place is ignored."""
    box.drain.mkdir()
    assert box.run("probe", "none") == (0, "ready")


def test_drain_comes_between_tries(box: Box, closed_port: str) -> None:
    """A flag counts at once: not after the remaining tries."""
    command = [*box.shell, str(box.bin / "probe"), "--tries=9", "tcp", closed_port]
    began = time.monotonic()
    with subprocess.Popen(command, env=box.env, stdout=subprocess.PIPE) as probe:
        time.sleep(1.2)
        box.drain.write_text(soon(60))
        said, _ = probe.communicate(timeout=20)
    assert (probe.returncode, said) == (1, b"draining\n")
    assert time.monotonic() - began < 4


def test_held(box: Box, serve: Serve, address: str, closed_port: str) -> None:
    """A held container is looked at once, reported exactly, and never healthy."""
    box.hold.write_text("")
    server = serve(address)
    assert box.run("probe", "http", server.port, "/") == (1, "held, ready")
    began = time.monotonic()
    why = f"held, not ready: connection refused on port {closed_port}"
    assert box.run("probe", "--tries=9", "tcp", closed_port) == (1, why)
    assert time.monotonic() - began < 1


def test_draining_beats_held(box: Box) -> None:
    """With both flags it is draining."""
    box.hold.write_text("")
    box.drain.write_text(soon(60))
    assert box.run("probe", "none") == (1, "draining")


def test_other_containers_flag(box: Box) -> None:
    """Another container's flag means nothing."""
    box.hold.with_name("other").write_text("")
    assert box.run("probe", "none") == (0, "ready")


def test_run(real_box: Box) -> None:
    """A command is run with its words kept apart and the container's environment."""
    box = real_box
    script = 'test "$GREETING" = hello && test "$1" = "a  b" && test $# = 2'
    assert box.run("probe", "run", "sh", "-c", script, "x", "a  b", "") == (0, "ready")


def test_run_fails(real_box: Box) -> None:
    """Its code and the last line of its output are the reason."""
    words = ("run", "sh", "-c", "echo one; echo no database >&2; exit 3")
    why = "not ready: the command ended with code 3: no database"
    assert real_box.run("probe", *ONCE, *words) == (1, why)


def test_run_without_such_a_command(real_box: Box) -> None:
    """A command that does not exist is 127."""
    code, said = real_box.run("probe", *ONCE, "run", "no-such-command")
    assert code == 1
    assert said.startswith("not ready: the command ended with code 127: ")
    assert "no-such-command" in said


def test_run_hangs(real_box: Box, tmp_path: Path) -> None:
    """A command that hangs is ended in time with everything that it has started."""
    mark = tmp_path / "alive"
    script = f"(sleep 3; touch {mark}) & sleep 30"
    began = time.monotonic()
    why = "not ready: the command did not end within 1 s"
    assert real_box.run("probe", *ONCE, "run", "sh", "-c", script) == (1, why)
    assert time.monotonic() - began < 2
    time.sleep(2.5)
    assert not mark.exists()


def test_run_leaves_a_daemon(real_box: Box) -> None:
    """A command that ends, and leaves something behind that holds its output, has ended."""
    began = time.monotonic()
    assert real_box.run("probe", "run", "sh", "-c", "sleep 3 & exit 0") == (0, "ready")
    assert time.monotonic() - began < 1


def test_output_is_harmless(real_box: Box) -> None:
    """Whatever a command prints: one line, printable ASCII, at most 300 characters."""
    for noise in ("\\033[31mred\\007\\r\\377\\000x", "\\303\\251t\\303\\251", "y" * 900):
        code, said = real_box.run("probe", *ONCE, "run", "sh", "-c", f"printf '{noise}'; exit 1")
        assert code == 1
        assert len(said) <= 300
        assert said.isprintable()
        assert said.startswith("not ready: the command ended with code 1: ")


@pytest.mark.parametrize(
    "words",
    [[], ["http"], ["http", "80"], ["tcp"], ["ftp", "21"], ["run"], ["--tires=3", "none"]],
)
def test_wrong_arguments(box: Box, words: list[str]) -> None:
    """A call that makes no sense is never ready."""
    code, said = box.run(
        "probe",
        *(word for word in words if word.startswith("-")),
        *ONCE,
        *[word for word in words if not word.startswith("-")],
    )
    assert code in (1, 2)
    assert "\n" not in said
    assert said


LIVE = ("--", "live", *ONCE)


def test_alive(box: Box, serve: Serve, address: str) -> None:
    """With liveness, a container that is ready and alive is ready."""
    server = serve(address)
    words = ("http", server.port, "/", *LIVE, "http", server.port, "/alive")
    assert box.run("probe", *words) == (0, "ready")
    assert [line.split()[1] for line in server.heard] == [b"/", b"/alive"]


def test_same_question(box: Box, serve: Serve, address: str) -> None:
    """When liveness asks what readiness has just been answered, it is asked once."""
    server = serve(address)
    words = ("http", server.port, "/")
    assert box.run("probe", *words, *LIVE, *words) == (0, "ready")
    assert len(server.heard) == 1


def test_not_alive(box: Box, serve: Serve, address: str, closed_port: str) -> None:
    """A container that was ready and does not live any more is ended, whatever readiness says."""
    server = serve(address)
    live = (*LIVE, "--startup=999999999", "tcp", closed_port)
    why = f"not alive: connection refused on port {closed_port}; restarting"
    assert box.run("probe", *ONCE, "tcp", closed_port, *live)[1].startswith("not ready")
    assert box.run("probe", "http", server.port, "/", *live) == (1, why)
    assert box.run("probe", *ONCE, "tcp", closed_port, *live) == (1, why)


@pytest.mark.parametrize("name", ["systemd", "init", "a (b) c", "docker-init) x"])
def test_not_the_containers_init(box: Box, closed_port: str, name: str) -> None:
    """With the processes of the server (compose.pid = host) nothing is ended: it would be all of them."""
    started(box, 1, name)
    why = (
        f"not alive: connection refused on port {closed_port}; not restarted: process 1 is not Docker's init"
    )
    assert box.run("probe", "none", *LIVE, "tcp", closed_port) == (1, why)


def test_startup(box: Box, closed_port: str) -> None:
    """Before the first success liveness waits for the startup budget."""
    now = float(_uptime())
    live = (*LIVE, "--startup=30", "tcp", closed_port)
    for age, expected in ((10, "not ready"), (40, "not alive")):
        started(box, now - age)
        assert box.run("probe", *ONCE, "tcp", closed_port, *live)[1].startswith(expected)


def test_mark_of_an_earlier_start(box: Box, serve: Serve, address: str, closed_port: str) -> None:
    """To have been ready before a restart of the container does not count."""
    live = (*LIVE, "--startup=30", "tcp", closed_port)
    server = serve(address)
    assert box.run("probe", "tcp", server.port, *live)[1].startswith("not alive")
    started(box, float(_uptime()) - 1)
    assert box.run("probe", *ONCE, "tcp", closed_port, *live)[1].startswith("not ready")


def test_held_is_watched_draining_is_not(box: Box, closed_port: str) -> None:
    """A held container that hangs is restarted; one that drains has requests to finish."""
    words = ("none", *LIVE, "tcp", closed_port)
    box.hold.write_text("")
    assert box.run("probe", *words)[1].startswith("not alive")
    box.drain.write_text(soon(60))
    assert box.run("probe", *words) == (1, "draining")


def test_commands_on_both_sides(real_box: Box) -> None:
    """Both checks may be commands; a `--` in one is its own."""
    script = 'test "$*" = "-- a" && exit 0'
    words = ("run", "sh", "-c", script, "x", "--", "a", *LIVE, "run", "sh", "-c", script, "x")
    assert real_box.run("probe", *words, "--", "a") == (0, "ready")
    code, said = real_box.run("probe", *words, "--", "b")
    assert (code, said) == (1, "not alive: the command ended with code 1; restarting")


def _uptime() -> str:
    with open("/proc/uptime") as uptime:  # noqa: PTH123
        return uptime.read().split()[0]
