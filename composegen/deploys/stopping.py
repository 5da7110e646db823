"""Stopping containers, and telling whose process does not hear that it should end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from composegen.deploys.observed import Container
    from composegen.deploys.stage import Stage

_KILLED = 137
"""Exit code of a process that SIGKILL has ended: 128 and the number of the signal."""
_AT_ONCE = 1.0
"""Seconds; who is killed sooner has SIGKILL for its stop signal, which is somebody's choice."""
_DEAF = (
    "{}: it did not end on its stop signal and was killed when its stop-grace was over. Each deploy and each"
    " restart waits for that. See whether another STOPSIGNAL in its Dockerfile helps (SIGINT, for Python), or"
    " `# composegen.init = yes`."
)


def stop(stage: Stage, service: str, containers: Sequence[Container]) -> None:
    """Stop these containers of a service at the same time, each within its own grace."""
    names = [c.id for c in containers if c.state not in {"created", "exited", "dead"}]
    if not names:
        return
    begun = stage.machine.now()
    stage.machine.stop_all(names)
    ended = [c for c in stage.machine.look(names) if c.finished - begun >= _AT_ONCE]
    if any(c.exit_code == _KILLED for c in ended):
        stage.progress.say(_DEAF.format(service))
