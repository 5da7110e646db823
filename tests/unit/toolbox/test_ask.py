"""`ask`: does something answer at HOST:PORT?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.unit.toolbox.conftest import Box, Server

HOST = "127.0.0.1"


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "301 Moved", "399 Odd", "200"])
def test_2xx_and_3xx_pass(box: Box, serve: Callable[..., Server], status: str) -> None:
    """An answer of 2xx or 3xx passes and prints nothing; a redirect is not followed."""
    server = serve(HOST, status)
    assert box.run("ask", HOST, server.port, "/health") == (0, "")
    assert len(server.heard) == 1


@pytest.mark.parametrize("code", [400, 404, 500, 503, 599])
def test_other_answers_are_named(box: Box, serve: Callable[..., Server], code: int) -> None:
    """An answer of 4xx or 5xx fails, and the line says what was asked and answered."""
    server = serve(HOST, f"{code} No")
    expected = (1, f"GET /health?full=1 answered {code}")
    assert box.run("ask", HOST, server.port, "/health?full=1") == expected


def test_the_request(box: Box, serve: Callable[..., Server]) -> None:
    """The request is complete, names localhost and the probe, and wants no second one."""
    server = serve(HOST)
    box.run("ask", HOST, server.port, "/a%20b")
    lines = server.heard[0].decode().split("\r\n")
    assert lines[0] == "GET /a%20b HTTP/1.1"
    assert {"Host: localhost", "Connection: close", "User-Agent: composegen-probe"} <= set(lines)
    assert lines[-2:] == ["", ""]


def test_the_connection_is_not_half_closed(box: Box, serve: Callable[..., Server]) -> None:
    """While the app works on its answer it sees no end of input, which cancels requests in Go."""
    seen: list[bytes | str] = []

    def slow(server: Server, connection: socket.socket) -> None:
        server.answer(connection)
        connection.settimeout(0.7)
        try:
            seen.append(connection.recv(1))
        except TimeoutError:
            seen.append("nothing")
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    server = serve(HOST, behave=slow)
    assert box.run("ask", HOST, server.port, "/") == (0, "")
    assert seen == ["nothing"]


def test_the_answer_is_heard_to_its_end(box: Box, serve: Callable[..., Server]) -> None:
    """An app that sends head and body apart gets no broken pipe."""
    finished: list[bool] = []

    def two_parts(server: Server, connection: socket.socket) -> None:
        parts = [b"HTTP/1.1 200 OK\r\n", b"A: b\r\n\r\n", b"<p>\n" * 5, b"end"]
        server.answer(connection, *parts, pause=0.1)
        finished.append(True)

    server = serve(HOST, behave=two_parts)
    assert box.run("ask", HOST, server.port, "/") == (0, "")
    time.sleep(0.2)
    assert finished == [True]


def test_refused(box: Box, closed_port: str) -> None:
    """Nobody listens: the line names the port."""
    expected = (1, f"connection refused on port {closed_port}")
    assert box.run("ask", HOST, closed_port) == expected
    assert box.run("ask", HOST, closed_port, "/") == expected


def test_never_answering(box: Box, serve: Callable[..., Server]) -> None:
    """A server that accepts and says nothing costs the timeout, not more."""
    server = serve(HOST, behave=lambda _, __: time.sleep(5))
    began = time.monotonic()
    assert box.run("ask", "--timeout=1", HOST, server.port, "/") == (1, "no answer within 1 s")
    assert time.monotonic() - began < 2


def test_dribbling(box: Box, serve: Callable[..., Server]) -> None:
    """One byte at a time does not stretch the timeout."""

    def dribble(server: Server, connection: socket.socket) -> None:
        server.answer(connection, *[b"H"] * 60, pause=0.1)

    server = serve(HOST, behave=dribble)
    began = time.monotonic()
    assert box.run("ask", "--timeout=2", HOST, server.port, "/") == (1, "no answer within 2 s")
    assert time.monotonic() - began < 3


def test_an_endless_body_passes(box: Box, serve: Callable[..., Server]) -> None:
    """A stream of events is ready; the rest of it is not waited for."""

    def stream(server: Server, connection: socket.socket) -> None:
        parts = [b"HTTP/1.1 200 OK\r\n\r\n", *[b"data: x\n\n"] * 100]
        server.answer(connection, *parts, pause=0.1)

    server = serve(HOST, behave=stream)
    began = time.monotonic()
    assert box.run("ask", HOST, server.port, "/") == (0, "")
    assert time.monotonic() - began < 4


def test_closing_at_once(box: Box, serve: Callable[..., Server]) -> None:
    """A server that hangs up without a word has not answered; its port is open all the same."""
    server = serve(HOST, behave=lambda server, connection: server.answer(connection))
    why = f"port {server.port} closed the connection without an answer"
    assert box.run("ask", HOST, server.port, "/") == (1, why)
    assert box.run("ask", HOST, server.port) == (0, "")


def test_not_http(box: Box, serve: Callable[..., Server]) -> None:
    """Something else than HTTP is said to be that."""

    def greet(_: Server, connection: socket.socket) -> None:
        connection.sendall(b"220 mail ready\r\n")
        connection.recv(999)

    server = serve(HOST, behave=greet)
    expected = (1, f"port {server.port} does not speak HTTP")
    assert box.run("ask", HOST, server.port, "/") == expected


def test_no_such_host(box: Box) -> None:
    """A name that does not resolve is named."""
    assert box.run("ask", "nobody.invalid", "80") == (1, "no such host: nobody.invalid")


@pytest.mark.parametrize("words", [[], ["h"], ["h", "x"], ["-h", "1"], ["h", "1", "/", "more"]])
def test_wrong_arguments(box: Box, words: list[str]) -> None:
    """Wrong arguments are 2, never an answer."""
    code, said = box.run("ask", *words)
    assert code == 2
    assert said.startswith("usage: ask")
