"""`gate`: the hook that lets watchtower replace this container, or not."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.unit.toolbox.conftest import Box, Server

    Serve = Callable[..., Server]

SKIP = 75
PEERS = ("127.0.0.2", "127.0.0.3")
NEW = "Name:\tp-web\nAddress: {}\n"
OLD = "Name:      p-web\nAddress 1: {} p-web-1.net\n"


@dataclass
class Gate:
    """gate in a box whose nslookup is a stub that gives what `dns` was told."""

    box: Box
    address: str

    def dns(self, *addresses: str, form: str = NEW) -> None:
        """Let these addresses be the replicas."""
        server = "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\nNon-authoritative answer:\n"
        if form == OLD:
            server = "Server:    127.0.0.11\nAddress 1: 127.0.0.11\n\n"
        text = server + "".join(form.format(address) for address in addresses)
        (self.box.root / "dns").write_text(text + "\n")

    def cut(self, *addresses: str, room: int = 23) -> None:
        """Let these be the replicas, of which each answer has some by chance: what 512 bytes hold."""
        self.dns(*addresses)
        (self.box.root / "shuffle").write_text(f"""
            BEGIN {{ srand(seed) }}
            !/10[.]|{self.address}/ {{ print; next }}
            {{ line[++n] = $0 }}
            END {{ while (shown < {room}) {{
                i = int(rand() * n) + 1; if (!(i in given)) {{ print line[i]; given[i]; shown++ }} }} }}
            """)

    def command(self, *words: str, replicas: int = 2, drain: str = "0") -> list[str]:
        """The command line of a call."""
        fixed = ("--alias=p-web", f"--replicas={replicas}", f"--drain={drain}", "--expire=60")
        return [*self.box.shell, str(self.box.bin / "gate"), *fixed, "--timeout=1", *words]

    def __call__(self, *words: str, replicas: int = 2) -> tuple[int, str]:
        """Run it; exit code and output."""
        done = subprocess.run(
            self.command(*words, replicas=replicas),
            env=self.box.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, (done.stdout + done.stderr).strip()


@pytest.fixture
def gate(box: Box, address: str) -> Gate:
    """A box of two ready replicas; asked for: nslookup as the DNS, the rest is busybox."""
    real = box.bin / "busybox.real"
    (box.bin / "busybox").rename(real)
    (box.bin / "sh").unlink()
    (box.bin / "sh").symlink_to(real)
    stub = f"""
[ "$1" = nslookup ] || exec {real} "$@"
echo asked >>{box.root}/asked
[ -e {box.root}/shuffle ] || exec {real} cat {box.root}/dns
exec {real} awk -v seed=$({real} wc -l <{box.root}/asked) -f {box.root}/shuffle {box.root}/dns
"""
    (box.bin / "busybox").write_text(f"#!{real} sh\n{stub}")
    (box.bin / "busybox").chmod(0o755)
    if box.shell[0].startswith(str(box.bin)):
        box.shell[:] = [str(real), "sh"]
    made = Gate(box, address)
    made.dns(address, PEERS[0])
    return made


@pytest.fixture
def port(serve: Serve) -> str:
    """A server that answers on every address: all replicas are ready."""
    return serve("0.0.0.0").port  # noqa: S104


@pytest.mark.parametrize("form", [NEW, OLD])
def test_all_ready(gate: Gate, port: str, form: str) -> None:
    """All replicas are ready: drain, and go on."""
    gate.dns(gate.address, *PEERS, form=form)
    began = time.time()
    assert gate("http", port, "/", replicas=3) == (0, "gate: drained")
    assert began + 58 < int(gate.box.drain.read_text()) < began + 65
    assert not gate.box.drain.with_suffix(".new").exists()


def test_sick_self(gate: Gate, closed_port: str) -> None:
    """A replica that is sick is replaced without further ado: no user command, no drain."""
    code, said = gate("--user=exit 9", "http", closed_port, "/")
    assert code == 0
    assert said.startswith("gate: not ready myself (connection refused")
    assert not gate.box.drain.exists()


def test_missing_replica(gate: Gate, port: str) -> None:
    """A replica that is not running stops the update; the same one twice is one."""
    gate.dns(gate.address, PEERS[0], PEERS[0])
    assert gate("http", port, "/", replicas=3) == (SKIP, "gate: 2 of 3 replicas are running")
    assert not gate.box.drain.exists()


def test_more_replicas_than_an_answer_has_room_for(gate: Gate) -> None:
    """The DNS cuts its answer, and shuffles it: what several answers have together counts."""
    gate.cut(gate.address, *(f"10.0.0.{n}" for n in range(1, 40)))
    assert gate("count", replicas=40) == (0, "gate: drained")


def test_one_of_many_is_missing(gate: Gate) -> None:
    """It is found missing within seconds, although more could be behind each answer."""
    gate.cut(gate.address, *(f"10.0.0.{n}" for n in range(1, 30)))
    began = time.monotonic()
    assert gate("count", replicas=31) == (SKIP, "gate: 30 of 31 replicas are running")
    assert time.monotonic() - began < 5


def test_a_whole_answer_is_not_asked_for_again(gate: Gate) -> None:
    """Where there was room for one more, one question is enough."""
    gate.dns(gate.address, *PEERS)
    assert gate("count", replicas=4) == (SKIP, "gate: 3 of 4 replicas are running")
    assert (gate.box.root / "asked").read_text() == "asked\n"


@pytest.mark.parametrize("status", ["503 No", "200 OK"])
def test_sick_peer(gate: Gate, serve: Serve, status: str) -> None:
    """Another replica that does not answer well stops the update, and is named."""
    server = serve("0.0.0.0", status)  # noqa: S104
    words = ("tcp", server.port, f"--peer=http:{server.port}:/ready")
    code, said = gate(words[2], *words[:2])
    if status == "200 OK":
        asked = [request.split()[1] for request in server.heard if request]
        assert (code, asked) == (0, [b"/ready"] * 2), "only the other one, before and after the drain"
    else:
        assert (code, said) == (SKIP, f"gate: replica {PEERS[0]}: GET /ready answered 503")


def test_peer_that_sickens_during_the_drain(gate: Gate, serve: Serve) -> None:
    """A new replica that was ready and then dies keeps the old one in place, flag down."""

    def once(server: Server, connection: socket.socket) -> None:
        text = "200 OK" if len(server.heard) <= 1 else "503 No"
        server.answer(connection, f"HTTP/1.1 {text}\r\nContent-Length: 2\r\n\r\nok".encode())

    server = serve("0.0.0.0", behave=once)  # noqa: S104
    code, said = gate(f"--peer=http:{server.port}:/ready", "tcp", server.port)
    assert (code, said) == (SKIP, f"gate: replica {PEERS[0]}: GET /ready answered 503")
    assert not gate.box.drain.exists()


def test_dead_peer(gate: Gate, serve: Serve) -> None:
    """A refused connection counts after three tries."""
    server = serve(gate.address)
    began = time.monotonic()
    why = f"gate: replica {PEERS[0]}: connection refused on port {server.port}"
    assert gate("tcp", server.port) == (SKIP, why)
    assert time.monotonic() - began > 1.9


def test_only_counted(gate: Gate, closed_port: str) -> None:
    """Where nothing can be asked, running replicas are counted."""
    assert gate("count")[0] == 0
    gate.dns(gate.address)
    assert gate("count") == (SKIP, "gate: 1 of 2 replicas are running")
    gate.dns(gate.address, PEERS[0])
    assert gate(f"--peer=tcp:{closed_port}", "none")[0] == SKIP


def test_wrong_name(gate: Gate, port: str) -> None:
    """A name that leads to others, not here, proves nothing."""
    gate.dns(*PEERS)
    why = "gate: the name p-web does not lead to this container"
    assert gate("tcp", port) == (SKIP, why)


def test_no_dns(gate: Gate, port: str) -> None:
    """No answer of the DNS is no permission."""
    (gate.box.root / "dns").write_text("** server can't find p-web: NXDOMAIN\n")
    assert gate("tcp", port) == (SKIP, "gate: 0 of 2 replicas are running")


def test_user_command(gate: Gate, port: str) -> None:
    """The user's command runs before the drain; its exit code is passed on unchanged."""
    code, said = gate("--user=echo saved; test ! -e $COMPOSEGEN_ROOT/dev/shm/*", "tcp", port)
    assert (code, said) == (0, "saved\ngate: drained")
    for wanted in (1, 75, 126, 255):
        gate.box.drain.unlink(missing_ok=True)
        assert gate(f"--user=exit {wanted}", "tcp", port)[0] == wanted
        assert not gate.box.drain.exists()


def test_user_command_after_the_gate(gate: Gate, port: str) -> None:
    """It does not run when the update is stopped."""
    gate.dns(gate.address)
    code, said = gate("--user=echo saved", "tcp", port)
    assert (code, "saved" in said) == (SKIP, False)


@pytest.mark.parametrize("replicas", [0, 1])
def test_one_replica(gate: Gate, port: str, replicas: int) -> None:
    """With one replica nobody is asked and nothing is drained: that would only cost time."""
    (gate.box.root / "dns").unlink()
    assert gate("--user=echo saved", "tcp", port, replicas=replicas) == (0, "saved")
    assert not gate.box.drain.exists()


def test_held(gate: Gate, closed_port: str) -> None:
    """What a deploy holds is not watchtower's, ready or not."""
    gate.box.hold.write_text("")
    assert gate("tcp", closed_port) == (SKIP, "gate: a deploy holds this container")


def test_drained_before(gate: Gate, port: str) -> None:
    """A flag that an earlier round left does not open the gate by making me look sick."""
    gate.box.drain.write_text(str(int(time.time()) + 60))
    gate.dns(gate.address)
    assert gate("tcp", port)[0] == SKIP


@pytest.mark.parametrize("signal", ["terminate", "kill"])
def test_interrupted(gate: Gate, port: str, signal: str) -> None:
    """A signal while draining takes the flag away; after SIGKILL it expires by itself."""
    command = gate.command("tcp", port, drain="30")
    with subprocess.Popen(command, env=gate.box.env, stdout=subprocess.PIPE) as running:
        for _ in range(100):
            if gate.box.drain.exists():
                break
            time.sleep(0.05)
        time.sleep(0.1)
        getattr(running, signal)()
        assert running.wait(5) == (SKIP if signal == "terminate" else -9)
    assert gate.box.drain.exists() == (signal == "kill")


def test_flag_cannot_be_written(gate: Gate, port: str) -> None:
    """Without the flag requests would be lost: the container stays."""
    gate.box.drain.parent.rmdir()
    assert gate("tcp", port)[0] == SKIP


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["http"],
        ["ftp", "1"],
        ["--what", "tcp", "1"],
        ["--drain=", "none"],
        ["--drain=soon", "none"],
        ["--replicas=", "none"],
        ["--alias=", "none"],
        ["--peer=udp:1", "none"],
    ],
)
def test_wrong_arguments(gate: Gate, words: list[str]) -> None:
    """A call that makes no sense is 75, never 0."""
    assert gate(*words)[0] == SKIP


def test_broken_toolbox(gate: Gate, port: str) -> None:
    """A part that is missing or broken is 75, never 0: it does not look like a sick self."""
    for name, text in (("ask", "syntax ( error"), ("check", None), ("ask", None)):
        part = gate.box.bin / name
        part.unlink(missing_ok=True)
        if text:
            part.write_text(text)
        assert gate("tcp", port)[0] != 0


def test_broken_busybox(gate: Gate, port: str) -> None:
    """A busybox that cannot run is 75."""
    (gate.box.bin / "busybox").write_text("#!/nowhere\n")
    assert gate("tcp", port)[0] == SKIP
