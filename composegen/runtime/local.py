"""Is this the project's folder, and is the engine on this machine?

Compose finds a compose file in the folders above too; state and flags would then be written beside it.
What changes something needs the project's files beside the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.errors import ComposegenError, EngineUnreachable, UsageError
from composegen.project import COMPOSE_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from composegen.runtime.engine import Engine

_SOCKET = "unix://"


def require_project(folder: Path) -> None:
    """See that ``folder``, which is absolute, is a project's own.

    Raises:
        ComposegenError: its compose file is not there.
    """
    if (folder / COMPOSE_FILE).is_file():
        return
    above = next((f for f in folder.parents if (f / COMPOSE_FILE).is_file()), None)
    hint = "run `composegen build` first" if above is None else f"run it in the project's folder: cd {above}"
    raise ComposegenError(f"there is no {COMPOSE_FILE} in this folder", hint)


def endpoint(engine: Engine) -> str:
    """Return where the engine is, such as ``unix:///var/run/docker.sock`` or ``ssh://host``.

    DOCKER_HOST stands above the docker context, as for ``docker`` itself.
    """
    host = engine.environ.get("DOCKER_HOST", "")
    if host:
        return host
    answer = engine.run("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    if not answer.ok:
        raise EngineUnreachable(
            f"the docker context cannot be read: {answer.reason}",
            "`docker context ls` shows them, `docker context use` chooses",
        )
    return answer.out.strip()


def is_local(engine: Engine) -> bool:
    """Tell whether the engine is behind a socket of this machine.

    Raises:
        EngineUnreachable: there is no docker command, or its context is broken.
    """
    return endpoint(engine).startswith(_SOCKET)


def require_local(engine: Engine) -> str:
    """Return the path of the engine's socket.

    Raises:
        UsageError: the engine is behind ssh or TCP. Bind folders, flags and the lock would be on this
            machine, the containers on another.
        EngineUnreachable: there is no docker command, or its context is broken.
    """
    found = endpoint(engine)
    if found.startswith(_SOCKET):
        return found.removeprefix(_SOCKET)
    raise UsageError(
        f"this command changes the project, and the Docker Engine is not on this machine ({found})",
        "run it on the server, in the project's folder: ssh SERVER 'cd FOLDER && composegen …'; "
        "plan, ps, logs and releases work from here",
    )
