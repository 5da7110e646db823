"""What `deploy`, `rollback` and `release` share: options, the question, and the way from there."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from composegen.deploys.docker_machine import DockerMachine
    from composegen.deploys.planned import Plan, Request
    from composegen.deploys.requests import Desk


def seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Read a duration such as ``90s`` or ``2m``."""
    from composegen.keys.spec import BadValue
    from composegen.keys.values import duration

    del context, parameter
    if value is None:
        return None
    try:
        return float(duration(value))
    except BadValue as error:
        raise click.BadParameter(str(error)) from None


def _surge(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    del context, parameter
    if value in {None, "all"}:
        return None
    if not value.isascii() or not value.isdigit() or not int(value):
        raise click.BadParameter("expected a number from 1 on, or all")
    return int(value)


_OPTIONS = (
    click.option(
        "--bake",
        metavar="DURATION",
        callback=seconds,
        help="How long new containers must stay ready before they get requests.  [default: 3s]",
    ),
    click.option(
        "--timeout",
        metavar="DURATION",
        callback=seconds,
        help="How long they may take to get ready.  [default: what the health check allows]",
    ),
    click.option(
        "--surge",
        metavar="N|all",
        callback=_surge,
        help="How many new containers run beside the old ones at most.  [default: all]",
    ),
    click.option("--yes", "-y", is_flag=True, help="Do not ask."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a deploy."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def machine_to_look_at() -> DockerMachine:
    """Return the machine of the project in this folder, wherever its engine is.

    Raises:
        ComposegenError: this is no project's folder.
        EngineUnreachable: no engine answers.
    """
    from composegen.deploys.docker_machine import DockerMachine
    from composegen.runtime.local import require_project

    machine = DockerMachine.of(".")
    require_project(machine.folder)
    machine.engine.require()
    return machine


def machine_here() -> DockerMachine:
    """Return the machine of the project in this folder; its engine has to be on this machine.

    Raises:
        UsageError: the engine is elsewhere.
        ComposegenError: this is no project's folder.
        EngineUnreachable: no engine answers.
    """
    from composegen.deploys.docker_machine import DockerMachine
    from composegen.runtime.local import require_local, require_project

    machine = DockerMachine.of(".")
    require_local(machine.engine)
    require_project(machine.folder)
    machine.engine.require()
    return machine


def desk(machine: DockerMachine) -> Desk:
    """Return what turns names and numbers into requests."""
    from composegen.deploys.requests import Desk
    from composegen.deploys.store.files import State

    return Desk(machine, machine.folder, State(machine.folder), os.environ)


def carry_out(
    machine: DockerMachine,
    request: Callable[[Desk], Request],
    *,
    how: str,
    command: str,
    bake: float | None,
    timeout: float | None,
    surge: int | None,
    yes: bool,
) -> None:
    """Show the plan, ask where somebody can answer, and carry it out. Ends with 1 when the answer is no."""
    from composegen.cli.progress import progress
    from composegen.deploys.deploying import deploy
    from composegen.deploys.docker_machine import DockerMachine
    from composegen.deploys.origin import commit
    from composegen.deploys.stage import BAKE, Options, Stage
    from composegen.deploys.store.lock import user
    from composegen.deploys.survey import survey

    # SIGTERM and a terminal that is closed end it as Ctrl-C does, with what was begun undone.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    follow = progress()
    folder: Path = machine.folder
    chosen = Options(
        bake=BAKE if bake is None else bake,
        timeout=timeout,
        surge=surge,
        how=how,
        command=command,
        who=user(),
        commit=commit(folder),
    )
    question = Question(ask=not yes and sys.stdin.isatty() and sys.stdout.isatty())
    # Asked before the lock is taken: nobody has to wait for an answer.
    if question.ask and not question.agreed(survey(machine, folder, request(desk(machine))).plan):
        sys.exit(1)

    def stage(descriptor: int) -> Stage:
        inside = DockerMachine.of(folder, inherit=(descriptor,))
        return Stage(machine=inside, project=folder, progress=follow, options=chosen)

    done = deploy(
        folder,
        follow,
        command,
        stage=stage,
        ask=lambda: request(desk(machine)),
        agreed=question.agreed,
    )
    if not done:
        sys.exit(1)


class Question:
    """Shows a plan, and asks once for each plan that differs from the one that was agreed to."""

    def __init__(self, *, ask: bool) -> None:
        self.ask = ask
        self._shown = ""

    def agreed(self, plan: Plan) -> bool:
        """Tell whether to go on with this plan."""
        from composegen.render.plan import text

        shown = text(plan)
        if shown == self._shown:
            return True
        if self._shown:
            click.echo("Meanwhile something has changed; the plan is another one now:")
        click.echo(shown, nl=False)
        self._shown = shown
        if not self.ask or not plan.changed or plan.problems:
            return True
        return click.confirm("Deploy this?", default=False)


def _end(number: int, frame: object) -> NoReturn:
    del frame
    sys.exit(128 + number)
