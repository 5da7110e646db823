"""One dockerd of our own: start, stop, restart, remove.

Each has its own data, sockets, bridge and address pool, so several run side by side.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import bridge, packetfilter, process
from tests.engine.places import EngineError, engine_folder, home, locked, run_folder, write_atomic

if TYPE_CHECKING:
    from tests.engine.toolchain import Toolchain

_SLOTS = 40
_PATIENCE = 60.0


@dataclass(frozen=True)
class Daemon:
    """The dockerd called `name`."""

    name: str
    tools: Toolchain

    @property
    def folder(self) -> Path:
        """What is kept over a reboot."""
        return engine_folder(self.name)

    @property
    def run(self) -> Path:
        """Sockets and pids."""
        return run_folder(self.name)

    @property
    def socket(self) -> Path:
        """The engine's socket."""
        return self.run / "docker.sock"

    @property
    def log(self) -> Path:
        """What dockerd said."""
        return self.folder / "dockerd.log"

    @property
    def pid(self) -> int | None:
        """The running dockerd, if it is the one we started."""
        return process.recorded(self.run / "started")

    def start(self) -> None:
        """Start dockerd and wait until it answers; nothing happens when it runs."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.pid is None:
            with locked("start"):  # slots and the packet filter are the machine's
                self._clear()
                command = self._command(self._slot())
                with self.log.open("ab") as log:
                    started = subprocess.Popen(
                        command,
                        env=self.tools.daemon_env(),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        cwd="/",
                        start_new_session=True,
                    )
                process.record(self.run / "started", started.pid)
        self._wait()

    def stop(self, *, hard: bool = False) -> None:
        """End dockerd by its pid, with what it started; `hard` is a power cut."""
        pid = self.pid
        if pid is not None:
            process.end(pid, _PATIENCE, signal.SIGKILL if hard else signal.SIGTERM)
        self._clear()

    def remove(self) -> None:
        """Stop without ceremony, and delete the data."""
        self.stop(hard=True)
        slot = self.folder / "slot"
        if slot.exists():
            number = int(slot.read_text())
            bridge.remove(_bridge(number))
            packetfilter.retract(_network(number), self.tools.daemon_env())
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.run, ignore_errors=True)

    def _command(self, slot: int) -> list[str]:
        bridge.create(_bridge(slot), f"10.{200 + slot}.0.1/24")
        command = [
            "dockerd",
            f"--host=unix://{self.socket}",
            f"--data-root={self.folder / 'data'}",
            f"--exec-root={self.run / 'exec'}",
            f"--pidfile={self.run / 'dockerd.pid'}",
            # A containerd of the machine's own would be shared: keep apart in it.
            f"--containerd-namespace=cgtest-{self.name}",
            f"--containerd-plugins-namespace=cgtest-{self.name}-plugins",
            f"--bridge={_bridge(slot)}",
            f"--default-address-pool=base=10.{200 + slot}.128.0/17,size=26",
            "--insecure-registry=127.0.0.0/8",
            "--config-file=" + str(self._config()),
            "--group=" + str(os.getgid()),
        ]
        if packetfilter.taken():
            command.append(packetfilter.WITHOUT)
            packetfilter.admit(_network(slot), self.tools.daemon_env())
        return [str(self._program()), *command[1:]]

    def _program(self) -> Path:
        return self.tools.root / "root" / "usr" / "sbin" / "dockerd"

    def _config(self) -> Path:
        path = self.folder / "daemon.json"
        write_atomic(path, '{"log-opts": {"max-size": "20m"}}\n')
        return path

    def _slot(self) -> int:
        """A number that no other engine has: bridge and addresses come from it."""
        path = self.folder / "slot"
        if path.exists():
            return int(path.read_text())
        taken = {p.read_text().strip() for p in (home() / "engines").glob("*/slot")}
        for slot in range(_SLOTS):
            if str(slot) not in taken and not bridge.exists(_bridge(slot)):
                write_atomic(path, f"{slot}\n")
                return slot
        raise EngineError("too many test engines: remove some with `down --name NAME --purge`")

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        client = [str(self.tools.cli / "docker"), "-H", f"unix://{self.socket}", "version"]
        while subprocess.run(client, capture_output=True, check=False).returncode:
            if self.pid is None or time.monotonic() > deadline:
                told = self.log.read_text(errors="replace")[-3000:]
                raise EngineError(f"dockerd does not start ({self.log}):\n{told}")
            time.sleep(0.1)

    def _clear(self) -> None:
        """End helpers that a killed dockerd left, and undo its mounts."""
        helpers = process.with_word(f"{self.run}/exec/")
        for pid in [child for helper in helpers for child in process.children(helper)]:
            process.end(pid, 0.0, signal.SIGKILL)  # containers, which outlive their helper
        for pid in helpers:
            process.end(pid, 5.0)
        _unmount(self.folder, self.run)
        for left in ("docker.sock", "dockerd.pid", "started", "exec"):
            path = self.run / left
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _bridge(slot: int) -> str:
    return f"cgtest{slot}"


def _network(slot: int) -> str:
    return f"10.{200 + slot}.0.0/16"


def _unmount(*folders: Path) -> None:
    """Unmount what is left below the folders, innermost first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in reversed(points):
        if any(point.startswith(f"{folder}/") for folder in folders):
            subprocess.run(["umount", "-l", point], capture_output=True, check=False)
