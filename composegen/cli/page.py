"""The reference page of the command line, made of how the commands are declared.

click's own help changes its wording between versions; the page must not.
"""

from __future__ import annotations

import inspect

import click

from composegen.cli import COMMANDS, cli

_INTRO = """\
<!-- Made by `make docs` from the declarations in composegen/; do not edit. -->

`composegen COMMAND --help` shows the same. DIR is the project's folder, by default the current one.
Exit codes: 0 done; 1 diagnostics, or files that are stale; 2 the command line is wrong; 3 no engine
answers; 4 a deploy failed and the old release was kept; 5 another deploy holds the lock.

Commands, options, keys and settings are completed by the shell after
`eval "$(_COMPOSEGEN_COMPLETE=bash_source composegen)"` in `~/.bashrc`; `zsh_source` and `fish_source`
are there too."""


def commands() -> str:
    """Return the page: one section per command."""
    context = click.Context(cli, info_name="composegen")
    rows = ["| command | what it does |", "| --- | --- |"]
    rows += [f"| [{name}](#{name}) | {about} |" for name, (about, _) in COMMANDS.items()]
    sections = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is not None:
            sections += _sections(f"composegen {name}", command, 2)
    return "\n\n".join(["# Commands", _INTRO, "\n".join(rows), *sections]) + "\n"


def _sections(path: str, command: click.Command, level: int) -> list[str]:
    """Return the section of a command, and those of the commands below it."""
    title = path.removeprefix("composegen ")
    inner = command.commands if isinstance(command, click.Group) else {}
    arguments = [_argument(p) for p in command.params if isinstance(p, click.Argument)]
    usage = " ".join([path, "[OPTIONS]", *arguments, *(["COMMAND"] if inner else [])])
    rows = [_row(p) for p in command.params if isinstance(p, click.Option) and not p.hidden]
    table = ["| option | meaning |", "| --- | --- |", *rows, "| `-h, --help` | Show the help and exit. |"]
    blocks = [f"{'#' * level} {title}", f"```text\n{usage}\n```", _help(command), "\n".join(table)]
    for name, one in inner.items():
        blocks += _sections(f"{path} {name}", one, level + 1)
    return blocks


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").replace("\b\n", "")


def _row(option: click.Option) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    about = " ".join((option.help or "").split())
    if option.show_default and option.default is not None:
        about += f" [default: {option.default}]"
    return f"| `{_cell(names + _value(option))}` | {_cell(about)} |"


def _argument(argument: click.Argument) -> str:
    name = argument.metavar or argument.human_readable_name
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _cell(text: str) -> str:
    """Return text for a table: a bar would end the cell, between backticks too."""
    return text.replace("|", "\\|")


def _value(option: click.Option) -> str:
    """Return what follows the option's name: nothing for a flag, else its metavar or choices."""
    if option.is_flag or option.count:
        return ""
    if option.metavar:
        return f" {option.metavar}"
    if isinstance(option.type, click.Choice):
        return f" {'/'.join(map(str, option.type.choices))}"
    return f" {(option.name or 'value').upper()}"
