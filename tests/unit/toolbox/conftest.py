"""A root folder as a container has it, real busybox binaries, and servers to be asked.

COMPOSEGEN_TEST_BUSYBOX names busybox binaries (paths, separated by colons) to use instead
of Debian's two; so the official images' binaries can be tried.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine import apt
from tests.engine.places import home, locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPTS = Path(__file__).parents[3] / "templates" / "toolbox"
GIVEN = [Path(path) for path in os.environ.get("COMPOSEGEN_TEST_BUSYBOX", "").split(":") if path]
SUITES = ("bookworm", "trixie")  # 1.35 and 1.37


def debian(suite: str) -> Path:
    """Debian's busybox-static of this suite, fetched once."""
    folder = home() / "busybox" / suite
    with locked(f"busybox-{suite}"):
        if not (folder / "busybox").exists():
            try:
                packages = apt.download([f"busybox-static/{suite}"], folder / "debs")
            except Exception as error:  # noqa: BLE001 - offline, no Debian, unknown suite
                pytest.skip(f"no busybox of {suite}: {error}")
            apt.unpack(packages, folder / "root")
            found = next(p for p in (folder / "root").rglob("bin/busybox") if p.is_file())
            shutil.copy2(found, folder / "busybox")
    return folder / "busybox"


@pytest.fixture(params=GIVEN or SUITES, ids=str)
def busybox(request: pytest.FixtureRequest) -> Path:
    """A static busybox; each test is run with every version."""
    return request.param if GIVEN else debian(request.param)


@pytest.fixture(scope="session")
def address() -> str:
    """An address of this machine that is not loopback: what a container calls its own."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as found:
        try:
            found.connect(("192.0.2.1", 9))  # no packet is sent
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(found.getsockname()[0])


@dataclass
class Box:
    """A folder that stands for a container's root."""

    root: Path
    busybox: Path
    shell: list[str] = field(default_factory=list)

    @property
    def bin(self) -> Path:
        """Where the tools volume is mounted."""
        return self.root / ".composegen" / "bin"

    @property
    def drain(self) -> Path:
        """The flag that gate raises."""
        return self.root / "dev" / "shm" / "composegen-drain"

    @property
    def hold(self) -> Path:
        """The flag of a deploy."""
        return self.root / ".composegen" / "hold" / "box"

    @property
    def env(self) -> dict[str, str]:
        """What a script sees: no applet is on the PATH."""
        return {"COMPOSEGEN_ROOT": str(self.root), "PATH": "/usr/bin:/bin", "GREETING": "hello"}

    def run(self, script: str, *arguments: str) -> tuple[int, str]:
        """Run a script of the toolbox; exit code and output, without the line's end."""
        command = [*self.shell, str(self.bin / script), *arguments]
        done = subprocess.run(
            command,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.decode("ascii").removesuffix("\n")


def make_box(root: Path, busybox: Path, own: str) -> Box:
    """Lay out what the scripts look at: a container called `box` with the address `own`."""
    for name in (".composegen/bin", ".composegen/hold", "proc/sys/kernel", "proc/1", "etc"):
        (root / name).mkdir(parents=True)
    (root / "dev" / "shm").mkdir(parents=True)
    (root / "proc/sys/kernel/hostname").write_text("box\n")
    (root / "etc/hosts").write_text(f"127.0.0.1\tlocalhost\n::1\tlocalhost\n{own}\tbox.lan box\n")
    box = Box(root, busybox)
    shutil.copy2(busybox, box.bin / "busybox")
    (box.bin / "sh").symlink_to("busybox")
    for script in SCRIPTS.iterdir():
        (box.bin / script.name).symlink_to(script)
    since_boot = float(Path("/proc/uptime").read_text().split()[0])
    started(box, since_boot)
    return box


def started(box: Box, second: float, name: str = "docker-init") -> None:
    """Say when (seconds after the host's start) the container's first process began, and what it is."""
    fields = ["1", f"({name})", "S", *["0"] * 18, str(int(second * 100)), *["0"] * 10]
    (box.root / "proc/1/stat").write_text(" ".join(fields))


@pytest.fixture(params=["busybox", "dash"])
def box(request: pytest.FixtureRequest, tmp_path: Path, busybox: Path, address: str) -> Box:
    """A container's root; the scripts are run by busybox's shell and by dash."""
    made = make_box(tmp_path / "root", busybox, address)
    dash = shutil.which("dash")
    if request.param == "dash" and dash is None:
        pytest.skip("no dash here")
    made.shell = [str(made.bin / "sh")] if request.param == "busybox" else [str(dash)]
    return made


@pytest.fixture
def real_box(tmp_path: Path, busybox: Path, address: str) -> Box:
    """The same, busybox's shell only, as in a real container."""
    made = make_box(tmp_path / "root", busybox, address)
    made.shell = [str(made.bin / "sh")]
    return made


class Server:
    """A TCP server; `behave` gets every connection. `heard` holds the requests."""

    def __init__(self, host: str, behave: Callable[[socket.socket], None], backlog: int = 16) -> None:
        self.heard: list[bytes] = []
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((host, 0))
        self.socket.listen(backlog)
        self.port = str(self.socket.getsockname()[1])
        self.behave = behave
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def close(self) -> None:
        """Stop accepting; returns when nobody does any more.

        Closed under a thread that is about to accept, the number of the socket may already
        belong to the next test's server, whose connection this one would take.
        """
        self.socket.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.behave(connection)
            except OSError:
                return

    def answer(self, connection: socket.socket, *parts: bytes, pause: float = 0) -> None:
        """Read the request, then send the parts."""
        heard = b""
        while b"\r\n\r\n" not in heard:
            more = connection.recv(4096)
            if not more:
                break
            heard += more
        self.heard.append(heard)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Give a function that starts servers on a host; `behave` replaces the usual answer."""
    running: list[Server] = []

    def start(
        host: str,
        status: str = "200 OK",
        behave: Callable[[Server, socket.socket], None] | None = None,
    ) -> Server:
        def usual(connection: socket.socket) -> None:
            if behave:
                behave(server, connection)
            else:
                text = f"HTTP/1.1 {server.status}\r\nContent-Length: 2\r\n\r\nok"  # type: ignore[attr-defined]
                server.answer(connection, text.encode())

        server = Server(host, usual)
        server.status = status  # type: ignore[attr-defined]
        running.append(server)
        return server

    yield start
    for server in running:
        server.close()


@pytest.fixture
def closed_port() -> Iterator[str]:
    """A port where nobody listens; it is bound, so that nobody else takes it meanwhile."""
    with closing(socket.socket()) as taken:
        taken.bind(("", 0))
        yield str(taken.getsockname()[1])
