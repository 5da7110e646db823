"""The escape hatch: ``composegen.compose.PATH = YAML``, merged into the compose service as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composegen.emit import parts
from composegen.emit.yaml import Commented, Flow
from composegen.passes.guard import OWN_LABELS, STEERING_LABELS
from composegen.targets.singles import singles
from composegen.text import BadReference, Raw, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from composegen.diagnostics import Report
    from composegen.model import Service
    from composegen.source import Span

# Lists that mean something as a whole; Compose replaces them too.
_REPLACED = frozenset({"command", "entrypoint", "test"})
MARK = "From composegen.compose, as it is:"


def merge(service: Service, body: dict[str, Any], report: Report) -> None:
    """Merge the service's ``compose.PATH`` values into ``body``; the last word is theirs.

    Mappings are merged key by key, lists follow each other, everything else is replaced. The top-level
    key that a value went to moves to the end, under a comment that marks it.
    """
    if not service.keys.compose:
        return
    import yaml  # noqa: PLC0415 - 10 ms that projects without the escape hatch do not pay

    from composegen.targets.yaml12 import load  # noqa: PLC0415 - the same

    touched: list[str] = []
    for spanned in service.keys.compose:
        path, text = spanned.value
        try:
            value = _raw(load(text))
        except (BadReference, RecursionError, ValueError) as bad:
            why = "" if isinstance(bad, RecursionError) else f": {bad}"
            report.add(
                "CG211",
                spanned.span,
                f"the value cannot be taken over{why}",
                f"for example: # composegen.compose.{path} = [a, b]; a text stands in quotes",
            )
            continue
        except yaml.YAMLError as bad:
            mark = getattr(bad, "problem_mark", None)
            at = mark.index if mark else 0
            report.add(
                "CG211",
                spanned.span.sub(at, len(text) + 1),
                f"not YAML: {getattr(bad, 'problem', bad)}",
                f"for example: # composegen.compose.{path} = [a, b]",
            )
            continue
        steps = path.split(".")
        if steps[0] == "labels":
            steps = ["labels", *([path.removeprefix("labels.")] if len(steps) > 1 else [])]
            _labels(steps, value, spanned.span, report)
        singles(service, steps, value, spanned.span, report)
        if not all(steps) or not _put(body, steps, value):
            report.add(
                "CG211",
                spanned.span,
                f"compose.{path} leads through a value that is no mapping",
                "name a path of mappings, such as compose.ulimits.nofile",
            )
            continue
        touched.append(steps[0])
    if "network_mode" in body and "network_mode" in touched:
        _alone(service, body, report)
    for position, name in enumerate(dict.fromkeys(touched)):
        value = body.pop(name)
        body[name] = Commented(MARK, value) if position == 0 else value


def _alone(service: Service, body: dict[str, Any], report: Report) -> None:
    """A container with a network mode is on no network of the project: Compose refuses both."""
    if service.routed:
        span = next(s.span for s in service.keys.compose if s.value[0] == "network_mode")
        report.add(
            "CG211",
            span,
            "network_mode takes the service off the network that the frontend reaches it by",
            "delete the url or network_mode",
        )
    body.pop("networks", None)


def _labels(steps: list[str], value: Any, span: Span, report: Report) -> None:
    """Report labels that are composegen's, and say which ones nobody checks."""
    names = [str(v) for v in value] if isinstance(value, (dict, list)) else []
    for name in steps[1:] or names:
        if name.lower().startswith(OWN_LABELS):
            report.add(
                "CG217",
                span,
                "labels composegen.… and com.docker.compose.… tell containers of projects apart",
                "choose a name of your own, such as com.example.team",
            )
        elif name.lower().startswith(STEERING_LABELS):
            report.add(
                "CG220",
                span,
                f"{name.partition('=')[0]} is passed on unchecked",
                "see that it names no router, middleware or service of another service's",
            )


def _put(body: dict[str, Any], steps: list[str], value: Any) -> bool:
    at: Any = body
    if steps == ["labels"] and isinstance(body.get("labels"), list) and isinstance(value, dict):
        # Labels with a variable in a name are a list (emit.parts.labels), and stay.
        body["labels"] = [*body["labels"], *(Raw(f"{k}={_word(v)}") for k, v in value.items())]
        return True
    for step in steps[:-1]:
        following = at.get(step)
        if isinstance(following, Flow):
            following = following.value
        elif following is parts.LOGGING:
            following = parts.LOGGING_VALUE
        if following is None:
            following = {}
        if not isinstance(following, dict):
            return False
        at[step] = dict(following)
        at = at[step]
    last = steps[-1]
    before = at.get(last)
    before = before.value if isinstance(before, Flow) else before
    at[last] = _merged(last, before, value)
    return True


def _merged(name: str, before: Any, value: Any) -> Any:
    """Merge as Compose merges override files: mappings by key, lists one after the other.

    Where Compose takes a list for a mapping, or the other way round, so does this.
    """
    if value is None and isinstance(before, (dict, list)):
        return before
    texts = isinstance(value, list) and all(isinstance(v, str) for v in value)
    if isinstance(before, dict) and texts and name in _LONG_FORM:
        value = dict(map(_LONG_FORM[name], value))
    if isinstance(before, dict) and isinstance(value, dict):
        return {**before, **value}
    if isinstance(before, list) and name not in _REPLACED:
        if isinstance(value, dict) and name == "extra_hosts":
            value = [Raw(f"{k}={_word(v)}") for k, v in value.items()]
        added = value if isinstance(value, list) else [value]
        return [*before, *(v for v in added if v not in before)]
    return value


def _pair(item: Any) -> tuple[str, Any]:
    """Return ``NAME=value`` as name and value; a name alone has none."""
    name, equals, value = str(item).partition("=")
    return name, Raw(value) if equals else None


_LONG_FORM: dict[str, Callable[[Any], tuple[str, Any]]] = {
    "environment": _pair,
    "labels": lambda item: (_pair(item)[0], _pair(item)[1] or ""),
    "networks": lambda item: (str(item), {}),
    "depends_on": lambda item: (str(item), {"condition": "service_started"}),
}


def _raw(value: Any) -> Any:
    """Return loaded YAML with its strings in Compose's syntax: references work here too."""
    if isinstance(value, str):
        return raw(value)
    if isinstance(value, list):
        return [_raw(v) for v in value]
    if isinstance(value, dict):
        return {_key(k): _raw(v) for k, v in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return Raw(str(value))


def _key(value: Any) -> str:
    return Raw(_word(value))


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
