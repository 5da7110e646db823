"""A plan for people, and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from composegen.deploys.references import short
from composegen.source import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.deploys.planned import Plan, ServicePlan

_SIGNS = {"create": "+", "remove": "-", "none": " "}
_INDENT = " " * 6
_MOST_LABELS = 3


def text(plan: Plan) -> str:
    """Return the plan as text: what changes, how, and what it costs; ends with a newline."""
    lines = [f"note: {n}" for n in plan.notes]
    lines += [line for one in plan.services if one.changed or one.problem for line in _service(one)]
    quiet = [one for one in plan.services if not one.changed and not one.problem]
    for one in quiet:
        lines += [f"note: {one.name}: {n}" for n in one.notes]
    if quiet:
        lines.append(f"unchanged: {', '.join(one.name for one in quiet)}")
    if not plan.changed and not plan.problems:
        lines += _built_here(plan)
    lines.append(_summary(plan))
    return "".join(f"{visible(line)}\n" for line in lines)


def _built_here(plan: Plan) -> Iterator[str]:
    """Say what a person who has just edited the code misses: a plan looks at images, not at sources."""
    names = [one.name for one in plan.services if one.wanted is not None and one.wanted.local]
    if names:
        yield f"note: built here: {', '.join(names)}; after a change of the code run `make build` first"


def _service(one: ServicePlan) -> Iterator[str]:
    if one.problem:
        yield f"! {one.name}: cannot be deployed"
        yield f"{_INDENT}error: {one.problem}"
        return
    yield f"{_SIGNS.get(one.action, '~')} {one.name}: {_what(one)}"
    if one.wanted is not None and one.target is not None and (one.create or one.replace):
        yield f"{_INDENT}image: {_image(one)}"
    if one.release is not None:
        yield f"{_INDENT}release: {_release(one)}"
    yield f"{_INDENT}how: {_how(one)}"
    if one.wanted is not None and one.wanted.pre_deploy is not None and one.prepares:
        yield f"{_INDENT}before: {' '.join(one.wanted.pre_deploy)}, once, in the new image"
    yield f"{_INDENT}downtime: {one.downtime or 'none'}"
    for note in one.notes:
        yield f"{_INDENT}note: {note}"


def _what(one: ServicePlan) -> str:
    if one.action == "create":
        return "nothing of it is there"
    labels = [c for c in one.changes if c.startswith("label ")]
    if len(labels) <= _MOST_LABELS:
        return ", ".join(one.changes) or one.action
    return ", ".join([*(c for c in one.changes if c not in labels), f"{len(labels)} labels"])


def _image(one: ServicePlan) -> str:
    assert one.target is not None  # noqa: S101 - the caller looked
    target = one.target
    exact = target.digest.rpartition("@")[2] or target.id
    shown = short(target.name)
    if exact and short(exact) not in shown:
        shown += f" ({short(exact)})"
    return f"{shown}, to be pulled" if target.pull else shown


def _release(one: ServicePlan) -> str:
    if one.before is None or one.before == one.release:
        return str(one.release)
    return f"{one.before} -> {one.release}"


def _how(one: ServicePlan) -> str:
    new, old = one.create, len(one.replace)
    beside = f"{new} new beside {old + len(one.keep)} old"
    texts = {
        "roll": f"rolling, {beside}; the old ones leave once the new ones serve",
        "stop": "stop first; the old one is kept until the new one is ready",
        "safe": "all stop first; the old ones are kept until the new ones are ready",
        "start": f"{new} {'container starts' if new == 1 else 'containers start'}",
        "run": "it runs once, to its end",
        "remove": f"{len(one.remove)} removed",
    }
    extra = f"; {len(one.remove)} removed" if one.remove and one.how not in {"remove", "run"} else ""
    return texts[one.how] + extra


def _summary(plan: Plan) -> str:
    if plan.problems:
        names = ", ".join(p.name for p in plan.problems)
        return f"{names} cannot be deployed: as long as that is so, `composegen deploy` changes nothing."
    changed = plan.changed
    if not changed:
        return "Nothing to do: what runs is what the files ask for."
    counted = "1 service changes" if len(changed) == 1 else f"{len(changed)} services change"
    down = [one.name for one in plan.downtime]
    if not down:
        return f"{counted}, without downtime."
    return f"{counted}, with downtime of {', '.join(down)}."


def document(plan: Plan) -> dict[str, Any]:
    """Return the plan as data for JSON."""
    return {
        "project": plan.project,
        "notes": list(plan.notes),
        "changes": [one.name for one in plan.changed],
        "downtime": [one.name for one in plan.downtime],
        "services": [_document(one) for one in plan.services],
    }


def _document(one: ServicePlan) -> dict[str, Any]:
    target = one.target
    image = None
    if target is not None:
        image = {"name": target.name, "id": target.id, "digest": target.digest, "pull": target.pull}
    words = one.wanted.pre_deploy if one.wanted else None
    return {
        "service": one.name,
        "action": one.action,
        "how": one.how,
        "changes": list(one.changes),
        "image": image,
        "release": one.release,
        "active": one.before,
        "pre_deploy": list(words) if words and one.prepares else None,
        "create": one.create,
        "keep": list(one.keep),
        "replace": list(one.replace),
        "remove": list(one.remove),
        "downtime": one.downtime,
        "notes": list(one.notes),
        "problem": one.problem,
    }


def as_json(plan: Plan) -> str:
    """Return the plan as JSON text."""
    return json.dumps(document(plan), indent=2, ensure_ascii=False) + "\n"
