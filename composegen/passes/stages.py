"""From the instructions of a Dockerfile to its stages.

Only what composegen asks for is kept. Each function names the one of BuildKit's
``frontend/dockerfile/instructions/parse.go`` or ``dockerfile2llb`` that it follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from composegen.passes.expansion import UnresolvedError, expand
from composegen.passes.stage import Command, Expose, Healthcheck, Stage
from composegen.passes.words import SPACE, flags, json_list, words
from composegen.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from composegen.passes.dockerfile import Instruction

# Bounds that keep hostile files linear; no real Dockerfile comes near.
MAX_ANCESTORS = 64
MAX_EXPANDED = 4_194_304
MAX_PATH = 4096

_ARGUMENT = re.compile("[^\t\v\f\r ]+")
_BLANKS = re.compile("[\t\v\f\r ]+")
_HEALTH_TYPE = re.compile(f"([^{SPACE}]+)[{SPACE}]*")
_EXPOSE = re.compile(r"(?:.*:)?([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([A-Za-z]*))?\Z")


class UnknownPath(str):
    """A path as the Dockerfile writes it, with a reference whose value is not known."""

    __slots__ = ()


@dataclass(slots=True)
class _Draft:
    """A stage under construction; the fields are those of :class:`Stage`."""

    index: int
    name: str | None
    base: str | None
    base_span: Span
    platform: str | None
    parent: _Draft | None
    span: Span
    exposes: list[Expose] = field(default_factory=list)
    env: dict[str, str | None] = field(default_factory=dict)
    args: dict[str, str | None] = field(default_factory=dict)
    shell_form_run: bool = False
    healthcheck: Healthcheck | None = None
    volumes: list[str] = field(default_factory=list)
    user: str | None = None
    workdir: str | None = None
    entrypoint: Command | None = None
    cmd: Command | None = None
    stopsignal: str | None = None
    shell: tuple[str, ...] | None = None

    def finish(self) -> Stage:
        return Stage(
            index=self.index,
            name=self.name,
            base=self.base,
            base_span=self.base_span,
            platform=self.platform,
            from_stage=None if self.parent is None else self.parent.index,
            span=self.span,
            exposes=tuple(self.exposes),
            env=self.env,
            shell_form_run=self.shell_form_run,
            healthcheck=self.healthcheck,
            volumes=tuple(self.volumes),
            user=self.user,
            workdir=self.workdir,
            entrypoint=self.entrypoint,
            cmd=self.cmd,
            stopsignal=self.stopsignal,
            shell=self.shell,
        )


def read_stages(
    source: Source,
    instructions: Sequence[Instruction],
    escape: str,
    given: Mapping[str, str | None] | None = None,
) -> tuple[Stage, ...]:
    """Return the stages, in the order of the text. Never raises.

    ``given`` are the build's arguments, which beat the defaults of ARG; None: not known before the build.
    """
    builder = _Builder(source, escape, given or {})
    handlers = _HANDLERS
    for instruction in instructions:
        keyword = instruction.keyword
        if keyword == "FROM":
            builder.begin(instruction)
        elif builder.draft is None:
            if keyword == "ARG":
                builder.arguments(instruction.args, builder.global_args, builder.global_value)
        elif (handler := handlers.get(keyword)) is not None:
            handler(builder, builder.draft, instruction)
    return tuple([draft.finish() for draft in builder.drafts])


class _Builder:
    """Collects the instructions of all stages."""

    __slots__ = ("budget", "by_name", "draft", "drafts", "escape", "given", "global_args", "source")

    def __init__(self, source: Source, escape: str, given: Mapping[str, str | None]) -> None:
        self.source = source
        self.escape = escape
        self.given = given
        self.budget = MAX_EXPANDED
        self.drafts: list[_Draft] = []
        self.draft: _Draft | None = None
        self.by_name: dict[str, _Draft] = {}
        self.global_args: dict[str, str | None] = {}

    # -- references

    def expand(self, text: str, lookup: Callable[[str], str | None]) -> str | None:
        """Return ``text`` without quotes and references, or None when it cannot be known."""
        if self.budget < 0:
            return None
        try:
            value = expand(text, self.escape, lookup)
        except UnresolvedError:
            return None
        if value is not text:
            self.budget -= len(value)
        return value

    def global_value(self, name: str) -> str | None:
        """Look up for FROM: only an ARG before the first FROM counts."""
        if name not in self.global_args and name.startswith(("TARGET", "BUILD")):
            raise UnresolvedError(name)  # BUILDPLATFORM and its like: the builder's own
        return self._argument(name, self.global_args.get(name), declared=name in self.global_args)

    def value(self, name: str) -> str | None:
        """Look up within a stage: ENV beats ARG, both are inherited from earlier stages."""
        draft = self.draft
        known_base = False
        argument: str | None = None
        declared = False
        for _ in range(MAX_ANCESTORS):
            if draft is None:
                break
            if name in draft.env:
                return self._known(draft.env[name], name)
            if not declared and name in draft.args:
                declared, argument = True, draft.args[name]
            known_base = draft.base == "scratch"
            draft = draft.parent
        if declared or known_base:
            return self._argument(name, argument, declared=declared)
        return self._known(None, name)

    def _argument(self, name: str, value: str | None, *, declared: bool) -> str | None:
        """Return an ARG's value; one that the build alone knows is not the same as none."""
        if declared and value is None and name in self.given:
            raise UnresolvedError(name)
        return value

    @staticmethod
    def _known(value: str | None, name: str) -> str:
        if value is not None:
            return value
        if name == "PATH":
            return "${PATH}"
        raise UnresolvedError(name)

    # -- instructions

    def span(self, instruction: Instruction) -> Span:
        return Span(self.source, instruction.start, instruction.end)

    def flags(self, args: str) -> tuple[dict[str, str], str]:
        """Return the ``--flags`` by name and the rest of the arguments."""
        if not args.startswith("--"):
            return {}, args
        found, rest = flags(args, self.escape)
        pairs = [flag[2:].partition("=") for flag in found]
        return {name: value for name, _, value in pairs}, args[rest:]

    def begin(self, instruction: Instruction) -> None:
        """FROM: begin a stage (``parseFrom``)."""
        options, rest = self.flags(instruction.args)
        shift = len(instruction.args) - len(rest)
        parts = list(_ARGUMENT.finditer(rest))
        place = base_span = self.span(instruction)
        base: str | None = None
        if parts:
            at, end = parts[0].span()
            base_span = Span(self.source, *instruction.locate(shift + at, shift + end))
            base = self.expand(parts[0][0], self.global_value)
        name = parts[2][0].lower() if len(parts) > 2 and parts[1][0].lower() == "as" else None  # noqa: PLR2004
        draft = _Draft(
            index=len(self.drafts),
            name=name,
            base=base or None,
            base_span=base_span,
            platform=options.get("platform"),
            parent=self.by_name.get(base) if base else None,
            span=place,
        )
        self.drafts.append(draft)
        self.draft = draft
        if name:
            self.by_name[name] = draft

    def arguments(self, args: str, into: dict[str, str | None], lookup: Callable[[str], str | None]) -> None:
        """ARG: record the build's argument, else the default; a name alone takes the one from before FROM."""
        for word in words(args, self.escape):
            name, equals, value = word.partition("=")
            if name in self.given:
                into[name] = self.given[name]
            else:
                into[name] = self.expand(value, lookup) if equals else self.global_args.get(name)

    def command(self, args: str) -> Command:
        """Return the exec form or the shell form (``parseMaybeJSON``)."""
        if not args.startswith("["):
            return args
        items = json_list(args)
        return args if items is None else items


def _arg(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    builder.arguments(instruction.args, draft.args, builder.value)


def _env(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    """``ENV K=V ...`` or ``ENV K V``; all values see what was set before (``parseNameVal``)."""
    args = builder.flags(instruction.args)[1]
    parts = words(args, builder.escape)
    if not parts:
        return
    pairs: list[tuple[str, str]] = []
    if "=" not in parts[0]:
        pieces = _BLANKS.split(args, maxsplit=1)
        if len(pieces) > 1:
            pairs.append((pieces[0], pieces[1]))
    else:
        for part in parts:
            name, equals, value = part.partition("=")
            if equals:
                pairs.append((name, value))
    values = {
        builder.expand(name, builder.value): builder.expand(value, builder.value) for name, value in pairs
    }
    for name_, value_ in values.items():
        if name_:
            draft.env[name_] = value_


def _expose(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    """``EXPOSE [ip:][public:]port[-last][/protocol] ...`` (``convert_expose.go``)."""
    for match in _ARGUMENT.finditer(instruction.args):
        text = match.group()
        span = Span(builder.source, *instruction.locate(match.start(), match.end()))
        value = builder.expand(text, builder.value)
        for word in [text] if value is None else value.split():
            parts = _EXPOSE.match(word) if value is not None else None
            single = parts is not None and (parts[2] is None or int(parts[1]) == int(parts[2]))
            draft.exposes.append(
                Expose(
                    port=int(parts[1]) if parts is not None and single else None,
                    protocol=(parts[3] or "tcp").lower() if parts else _protocol(word),
                    text=text,
                    span=span,
                )
            )


def _protocol(word: str) -> str:
    protocol = word.rpartition("/")[2].lower()
    return protocol if protocol in ("udp", "sctp") else "tcp"


def _run(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    """RUN: in shell form it needs the shell, unless its heredoc names an interpreter."""
    if draft.shell_form_run:
        return
    args = instruction.args
    if args.startswith("--"):
        args = builder.flags(args)[1]
    script = instruction.heredoc >= 0 and builder.source.text.startswith("#!", instruction.heredoc)
    draft.shell_form_run = isinstance(builder.command(args), str) and not script


def _cmd(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    draft.cmd = builder.command(builder.flags(instruction.args)[1])
    draft.shell_form_run |= isinstance(draft.cmd, str)


def _entrypoint(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    draft.entrypoint = builder.command(builder.flags(instruction.args)[1])
    draft.shell_form_run |= isinstance(draft.entrypoint, str)


def _healthcheck(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    """``HEALTHCHECK [--options] CMD command`` or ``HEALTHCHECK NONE`` (``parseHealthcheck``)."""
    options, rest = builder.flags(instruction.args)
    match = _HEALTH_TYPE.match(rest)
    kind = match[1].upper() if match else ""
    if match is None or kind not in ("CMD", "NONE"):
        return
    draft.healthcheck = Healthcheck(
        test=builder.command(rest[match.end() :]) if kind == "CMD" else None,
        span=builder.span(instruction),
        interval=options.get("interval"),
        timeout=options.get("timeout"),
        start_period=options.get("start-period"),
        start_interval=options.get("start-interval"),
        retries=options.get("retries"),
    )


def _volume(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    """``VOLUME /path ...`` or a JSON list (``parseMaybeJSONToList``)."""
    args = builder.flags(instruction.args)[1]
    paths = json_list(args)
    for path in _ARGUMENT.findall(args) if paths is None else paths:
        known = builder.expand(path, builder.value)
        draft.volumes.append(UnknownPath(path) if known is None else known.strip(SPACE))


def _user(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    draft.user = _or_raw(builder, builder.flags(instruction.args)[1]) or None


def _workdir(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    path = _or_raw(builder, builder.flags(instruction.args)[1])
    if path.startswith("/") or not path:
        draft.workdir = path or draft.workdir
        return
    before = draft.workdir
    parent = draft.parent
    for _ in range(MAX_ANCESTORS):
        if before is not None or parent is None:
            break
        before, parent = parent.workdir, parent.parent
    joined = path if before is None else f"{before.rstrip('/')}/{path}"
    draft.workdir = joined if len(joined) <= MAX_PATH else path


def _stopsignal(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    draft.stopsignal = _or_raw(builder, instruction.args) or None


def _shell(builder: _Builder, draft: _Draft, instruction: Instruction) -> None:
    draft.shell = json_list(builder.flags(instruction.args)[1]) or None


def _or_raw(builder: _Builder, text: str) -> str:
    """Expand ``text``; leave it as written when that is not possible."""
    value = builder.expand(text, builder.value)
    return text if value is None else value


_HANDLERS: dict[str, Callable[[_Builder, _Draft, Instruction], None]] = {
    "ARG": _arg,
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
