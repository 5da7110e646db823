"""Annotations to typed keys: unknown keys, bad, empty and repeated values are found here."""

from __future__ import annotations

import difflib
import math
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from composegen.keys.lifecycle import lax_scale
from composegen.keys.mounts import Volume, volume
from composegen.keys.service import FIELDS, KEYS, ServiceKeys
from composegen.keys.spec import BadValue, Key
from composegen.keys.values import Assignment, cpus, env, plain
from composegen.passes.scan import Annotation, Reason, Scanned
from composegen.source import Span, Spanned
from composegen.text import literal

if TYPE_CHECKING:
    from composegen.diagnostics import Report

_SUSPECTS = {
    Reason.HEREDOC: (
        "CG106",
        "an annotation inside a heredoc is content, not a comment",
        "move the line above the instruction that holds the heredoc",
    ),
    Reason.PREFIX: ("CG105", "this line looks like an annotation, but its prefix is misspelt", ""),
    Reason.SEPARATOR: (
        "CG105",
        "this line looks like an annotation, but no dot follows its prefix",
        "",
    ),
    Reason.BLANK: ("CG105", "a no-break space stands in this line, so it is no annotation", ""),
    Reason.NO_EQUALS: ("CG107", "no '=' between key and value", ""),
}
_MYPAAS = {name: key for name, key in KEYS.items() if key.mypaas}


def bind(scanned: Scanned, report: Report) -> ServiceKeys | None:
    """Return the keys of one Dockerfile, or None when it declares no service.

    Everything that is wrong is reported; keys with a bad value are left out.
    """
    suspects_found = _suspects(scanned, report)
    values: dict[str, Any] = {}
    seen = False
    for annotation in scanned.annotations:
        if not annotation.has_equals:
            _without_equals(annotation, report)
            continue
        seen = True
        key = _find(annotation, report)
        if key is not None:
            _store(annotation, key, values, report)
    if not seen:
        return None
    if "service" not in values:
        _no_service(scanned, report, suspects_found)
        return None
    settled: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
    return ServiceKeys(**settled)


def _no_service(scanned: Scanned, report: Report, suspects_found: bool) -> None:  # noqa: FBT001
    """Report a missing name, unless a line was reported that may well hold it."""
    wanted = any(
        a.has_equals and difflib.SequenceMatcher(None, a.key, "service").ratio() > 0.7  # noqa: PLR2004
        for a in scanned.annotations
    )
    if not wanted and not suspects_found:
        report.add(
            "CG100",
            scanned.annotations[0].line,
            "the Dockerfile has annotations but names no service",
            "add a line such as: # composegen.service = web",
        )


def _suspects(scanned: Scanned, report: Report) -> bool:
    found = False
    for suspect in scanned.suspects:
        if suspect.reason is Reason.MYPAAS_NO_EQUALS:
            report.add(
                "CG108",
                suspect.span,
                "no '=' between key and value, so the line is ignored",
                f"write: {suspect.suggestion}, or delete the line",
            )
        elif suspect.reason in _SUSPECTS:
            code, message, help_text = _SUSPECTS[suspect.reason]
            report.add(
                code,
                suspect.span,
                message,
                help_text or f"write: {suspect.suggestion}, or switch it off with #---",
            )
            found = True
    return found


def _without_equals(annotation: Annotation, report: Report) -> None:
    """Report ``# composegen.init``; of a word that is no key, nothing: it is prose."""
    if annotation.key in (KEYS if annotation.prefix == "composegen" else ()):
        report.add(
            "CG107",
            annotation.key_span,
            f"{annotation.key}: no '=' and no value",
            f"write: # composegen.{annotation.key} = {KEYS[annotation.key].example}",
        )


def _find(annotation: Annotation, report: Report) -> Key | None:
    if annotation.prefix == "mypaas":
        if annotation.key in _MYPAAS:
            return _MYPAAS[annotation.key]
        if not annotation.value:
            return None  # MyPaas ignores these, and prose looks like them
        _unknown(annotation, _MYPAAS, report)
        return None
    head, _dot, rest = annotation.key.partition(".")
    if head == "compose":
        if rest:
            return KEYS["compose"]
        report.add(
            "CG101",
            annotation.key_span,
            "compose needs a path after it",
            "for example: # composegen.compose.shm_size = 256m",
        )
        return None
    if annotation.key in KEYS:
        return KEYS[annotation.key]
    _unknown(annotation, KEYS, report)
    return None


def _unknown(annotation: Annotation, keys: dict[str, Key], report: Report) -> None:
    key = annotation.key
    if not key:
        report.add("CG101", annotation.line, "no key follows the dot", "`composegen explain` lists all keys")
        return
    close = difflib.get_close_matches(key.lower().replace("_", "-"), keys, 1, 0.6)
    known_elsewhere = annotation.prefix == "mypaas" and key in KEYS
    if known_elsewhere:
        help_text = f"MyPaas has no such key; write: # composegen.{key} = {annotation.value}"
    elif close:
        help_text = f"did you mean {close[0]}?"
    else:
        help_text = "`composegen explain` lists all keys"
    report.add("CG101", annotation.key_span, f"unknown key {key!r}", help_text)


def _store(annotation: Annotation, key: Key, values: dict[str, Any], report: Report) -> None:
    lax = annotation.prefix == "mypaas"
    if annotation.lax:
        report.add(
            "CG108",
            annotation.line,
            "MyPaas reads this line as an annotation",
            "write it with one '#' and, around the value, a pair of quotes or none",
        )
    if not annotation.value:
        _empty(annotation, key, report, lax=lax)
        return
    field = FIELDS[key.name]
    if not key.repeat and field in values:
        if not lax:
            report.add(
                "CG103",
                annotation.key_span,
                f"{key.name} stands twice",
                "delete one of the two lines",
            )
            return
        report.add(
            "CG108",
            annotation.key_span,
            f"{key.name} stands twice: the last one counts",
            "delete the other line",
        )
    spanned = _parse(annotation, key, report, lax=lax)
    if spanned is None:
        return
    if key.repeat:
        values.setdefault(field, []).append(spanned)
    else:
        values[field] = spanned


def _empty(annotation: Annotation, key: Key, report: Report, *, lax: bool) -> None:
    if lax:
        report.add(
            "CG108",
            annotation.line,
            f"{key.name} has no value, so the line is ignored",
            "delete the line",
        )
    else:
        report.add(
            "CG104",
            annotation.key_span,
            f"{annotation.key} has no value",
            f"for example: # composegen.{_example(annotation, key)}",
        )


def _example(annotation: Annotation, key: Key) -> str:
    """Return an example line for what stands there; of a path in Compose's terms little is known."""
    if not key.nested:
        return f"{annotation.key} = {key.example}"
    path = annotation.key.partition(".")[2]
    if path in KEYS and not KEYS[path].repeat:
        return f"{path} = {KEYS[path].example}"
    return f"{key.name}.{key.example}"


def _parse(annotation: Annotation, key: Key, report: Report, *, lax: bool) -> Spanned[Any] | None:
    value, span = annotation.value, annotation.value_span
    try:
        if key.nested:
            return Spanned((annotation.key.partition(".")[2], key.type.parse(value)[1]), span)
        if lax and key.name in _LAX:
            return Spanned(_LAX[key.name](annotation, report), span)
        return Spanned(key.type.parse(value), span)
    except BadValue as bad:
        where = span.sub(bad.start, len(value) if bad.end is None else bad.end)
        example = f"{annotation.prefix}.{_example(annotation, key)}"
        report.add(
            "CG102",
            where,
            f"{key.name}: {bad}",
            bad.hint or f"{key.type.form}; for example: # {example}",
        )
        return None


def _lax_service(annotation: Annotation, report: Report) -> str:
    """MyPaas replaces characters that a name cannot have, a slash among them."""
    cleaned = "".join(
        c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in annotation.value
    ).lstrip("-._")
    if not cleaned:
        raise BadValue(f"no valid characters in {annotation.value!r}")
    if cleaned != annotation.value:
        report.add(
            "CG108",
            annotation.value_span,
            f"the name becomes {cleaned!r}",
            f"write: # {annotation.prefix}.service = {cleaned}",
        )
    return cleaned


def _lax_scale(annotation: Annotation, report: Report) -> Any:
    del report
    return lax_scale(annotation.value)


def _lax_env(annotation: Annotation, report: Report) -> Assignment:
    """MyPaas interpolates nothing: a ``$`` in a value is a dollar sign."""
    del report
    name, equals, value = annotation.value.partition("=")
    checked = env(name)
    return Assignment(checked.name, literal(plain(value.strip())) if equals else None)


def _lax_cpus(annotation: Annotation, report: Report) -> str:
    """MyPaas takes what Python takes for a number; Docker takes 0 for no limit."""
    try:
        number = float(annotation.value)
    except ValueError:
        return cpus(annotation.value)
    if not math.isfinite(number) or number < 0:
        return cpus(annotation.value)
    if not number:
        report.add(
            "CG108", annotation.value_span, "a limit of 0 is none", "delete the line, or write a limit"
        )
    return f"{number:.9f}".rstrip("0").rstrip(".")


def _lax_volume(annotation: Annotation, report: Report) -> Volume:
    """MyPaas has no named volumes: a source without a path lies in its user's home."""
    found = volume(annotation.value)
    if not found.source or found.source.startswith(("/", "~", "${")):
        return found
    source = f"~/{posixpath.normpath(found.source)}"
    report.add(
        "CG108",
        annotation.value_span,
        f"{found.source} is the folder {source} for MyPaas",
        f"write {source}; under composegen. it is a folder of the project, or a named volume",
    )
    return replace(found, source=source, bind=True)


_LAX = {
    "service": _lax_service,
    "scale": _lax_scale,
    "env": _lax_env,
    "maxcpu": _lax_cpus,
    "volume": _lax_volume,
}


def line_of(span: Span) -> str:
    """Return ``file:line`` of a span, for messages that name a second place."""
    return f"{span.source.name}:{span.source.position(span.start)[0]}"
