"""``composegen init``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from composegen.cli.common import FOLDER

if TYPE_CHECKING:
    from composegen.scaffold.project import Result, Wishes


@click.command()
@FOLDER
@click.option("--service", default="", metavar="NAME", help="Name of the service, where there is one.")
@click.option("--host", default="", metavar="HOST", help="Host of the site, for .env.  [localhost]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port that the process listens on for HTTP.")
@click.option("--email", default="", metavar="ADDRESS", help="Contact for Let's Encrypt, for .env.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing.")
def init(*, folder: str, service: str, host: str, port: int | None, email: str, yes: bool) -> None:
    """Start a project, or annotate the Dockerfiles of an existing one.

    Dockerfiles without annotations get them on top. Without any Dockerfile, one is written for the
    framework that is found, or in an empty folder for an example. Nothing that is there is overwritten.
    """
    from composegen.errors import UsageError
    from composegen.keys import values
    from composegen.keys.spec import BadValue
    from composegen.project import open_folder
    from composegen.scaffold.project import Wishes, apply, env_file, prepare

    path = Path(folder)
    if not path.exists():
        _make(path)
    project = open_folder(folder, ())
    tls = project.shape().get("COMPOSEGEN_TLS") != "off"
    try:
        wishes = Wishes(
            service=service and values.name(service), host=_host(host, tls=tls), port=port, email=email
        )
    except BadValue as bad:
        raise UsageError(str(bad), bad.hint) from None
    asking = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    result = prepare(path, wishes, _ask if asking else lambda _: True)
    if asking:
        wishes = _complete(path, wishes, tls=tls)
    env = env_file(path, wishes, result, project.shape())
    _say(path, apply(path, result, env), result, env)


def _make(path: Path) -> None:
    from composegen.errors import UsageError

    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be made: {(error.strerror or '').lower()}") from None


def _host(value: str, *, tls: bool) -> str:
    """Check a host; with ``tls`` it has to be a name, as the url that it gets is an https one."""
    from composegen.keys import routes
    from composegen.keys.spec import BadValue

    if "${" in value:
        raise BadValue(f"--host {value}: a host is meant, not a variable")
    if tls and routes.is_address(value.strip("[]")):
        raise BadValue(f"--host {value}: {routes.NO_ADDRESS}", hint=routes.NAME_INSTEAD)
    return routes.host(value) if value else ""


def _answered(value: str, *, tls: bool) -> str:
    """The same for a prompt, which asks again after a usage error of click's."""
    from composegen.keys.spec import BadValue

    try:
        return _host(value, tls=tls)
    except BadValue as bad:
        raise click.UsageError(f"{bad} ({bad.hint})" if bad.hint else str(bad)) from None


def _ask(path: str) -> bool:
    return click.confirm(f"Annotate {path}?", default=True)


def _complete(path: Path, wishes: Wishes, *, tls: bool) -> Wishes:
    """Ask for what .env needs, unless there is one."""
    from dataclasses import replace
    from functools import partial

    from composegen.scaffold.dotenv import tls_for

    if (path / ".env").exists():
        return wishes
    host = wishes.host or click.prompt(
        "Host of the site", default="localhost", value_proc=partial(_answered, tls=tls)
    )
    email = wishes.email
    if not email and tls_for(host) == "acme":
        email = click.prompt("Contact for Let's Encrypt", default="", show_default=False)
    return replace(wishes, host=host, email=email)


def _say(folder: Path, written: list[str], result: Result, env: str | None) -> None:
    """Tell what was done, what is left, and the next two commands."""
    import shlex

    from composegen.scaffold.dotenv import missing

    new = {c.path for c in result.changes if c.before is None} | {".env"}
    for path in written:
        click.echo(f"{'wrote' if path in new else 'annotated'} {path}")
    for note in result.notes:
        click.echo(note)
    if not written:
        click.echo("Nothing to do.")
    if env is None:
        click.echo(".env: is there already")
    elif empty := missing(env):
        click.echo(f".env: still to be filled in: {', '.join(empty)}")
    here, name = str(folder) == ".", shlex.quote(str(folder))
    click.echo("Next:")
    click.echo(f"  composegen build{'' if here else f' {name}'}")
    click.echo(f"  make{'' if here else f' -C {name}'} up")
