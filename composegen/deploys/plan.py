"""The plan: pure, from what is wanted, what runs, what is known and what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.deploys import traits
from composegen.deploys.planned import Plan, Request, ServicePlan
from composegen.deploys.references import short
from composegen.errors import UsageError
from composegen.keys.frontends import LISTENING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from composegen.deploys.known import Known
    from composegen.deploys.observed import Container, Observed
    from composegen.deploys.planned import Target
    from composegen.deploys.wanted import Wanted, WantedService

_LIVE = frozenset({"running", "paused", "restarting"})
_SCALED = frozenset({"environment COMPOSEGEN_SCALE", "environment MYPAAS_SCALE"})
_ORDINARY = frozenset({"image"})
_NAMED = "image name "


def plan(
    wanted: Wanted, observed: Observed, known: Known, request: Request, targets: Mapping[str, Target]
) -> Plan:
    """Return what has to be done; ``targets`` are the images that the services are to run.

    Raises:
        UsageError: a service was named that is neither in the files nor running.
    """
    running = {c.service for c in observed.containers if not c.oneoff}
    orphans = sorted(running - {s.name for s in wanted.services})
    _check(request, wanted, orphans)
    planner = _Planner(wanted, observed, known, request, targets)
    found = [p for s in wanted.services if (p := planner.of(s)) is not None]
    if not request.services:
        found += [_orphan(name, observed) for name in orphans]
    else:
        found += [_orphan(name, observed) for name in orphans if name in request.services]
    return Plan(
        project=wanted.project,
        services=tuple(found),
        notes=tuple(_notes(observed, known)),
        assignments=request.assignments,
    )


def _check(request: Request, wanted: Wanted, orphans: list[str]) -> None:
    known = [s.name for s in wanted.services] + orphans
    for name in request.services:
        if name not in known:
            raise UsageError(f"there is no service {name!r}", f"services of this project: {', '.join(known)}")


def _notes(observed: Observed, known: Known) -> Iterator[str]:
    if known.interrupted:
        yield f"a deploy of {known.interrupted} was interrupted: it is finished or undone first"
    for container in observed.paused:
        yield f"{container.name} is paused, by a person or by a deploy that was interrupted"


def _orphan(name: str, observed: Observed) -> ServicePlan:
    return ServicePlan(
        name=name,
        action="remove",
        how="remove",
        remove=tuple(c.id for c in observed.of(name)),
        changes=("it is in no file any more",),
        downtime="it is in no file any more",
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    wanted: Wanted
    observed: Observed
    known: Known
    request: Request
    targets: Mapping[str, Target]

    def of(self, service: WantedService) -> ServicePlan | None:
        """Return the plan of one service; None where it is not asked about."""
        old = self.observed.of(service.name)
        named = service.name in self.request.services
        if not named and self.request.services:
            moves = any(s.name in self.request.services for s in self.wanted.sharing(service.variable))
            found = self._plan(service, old) if moves and old else None
            return found if found and (found.problem or any(map(_of_image, found.changes))) else None
        if service.manual and not named and not old:
            return None
        return self._plan(service, old)

    def _plan(self, service: WantedService, old: tuple[Container, ...]) -> ServicePlan:
        target = self.targets[service.name]
        active = self.known.active(service.name)
        before = active.number if active and service.own else None
        problem = "; ".join(filter(None, (target.problem, *service.mistakes)))
        if problem:
            return ServicePlan(
                name=service.name,
                action="none",
                wanted=service,
                target=target,
                keep=tuple(c.id for c in old),
                before=before,
                problem=problem,
            )
        stay, replaced, gone, changes = self._sort(service, old, target)
        create = service.replicas - len(stay)
        action = _action(old, changes, create=create, gone=bool(gone))
        how = _how(service, stay, replaced, create) if action != "none" else ""
        return ServicePlan(
            name=service.name,
            action=action,
            how=how,
            wanted=service,
            target=target,
            changes=_shown(service, changes, old, gone),
            keep=tuple(c.id for c in stay),
            replace=tuple(c.id for c in replaced),
            remove=tuple(c.id for c in gone),
            create=create,
            release=self._release(service, target, action, same=not changes),
            before=before,
            downtime=_downtime(service, how, replaced) or self._without_users(how, replaced),
            notes=tuple(self._remarks(service, target, old)),
        )

    def _without_users(self, how: str, replaced: list[Container]) -> str:
        """Return why old containers answer no more once Traefik was made anew, which `make up` does first."""
        kept = {u for s in self.wanted.services for u in _users(s.traits)}
        running = (c for c in replaced if c.state == "running")
        if how != "roll" or all(_users(c.traits) <= kept for c in running):
            return ""
        return "its auth changes: Traefik restarts without the file of users that the old containers name"

    def _sort(
        self, service: WantedService, old: tuple[Container, ...], target: Target
    ) -> tuple[list[Container], list[Container], list[Container], set[str]]:
        """Return which containers stay, which are replaced, which go without, and what differs."""
        stay: list[Container] = []
        replaced: list[Container] = []
        gone: list[Container] = []
        changes: set[str] = set()
        for container in old:
            differs = self._differences(service, container, target)
            ended = service.oneshot and container.state == "exited" and container.exit_code == 0
            alive = container.state in _LIVE or ended
            if alive and not differs:
                stay.append(container)
            elif alive and not ended:
                replaced.append(container)
                changes |= differs
            else:
                gone.append(container)
                changes |= differs if ended else set()
        surplus = max(0, len(stay) - service.replicas)
        if surplus:
            stay.sort(key=lambda c: (not (c.ready or service.oneshot), c.number))
            gone += stay[service.replicas :]
            del stay[service.replicas :]
        return stay, replaced, gone, changes

    def _differences(self, service: WantedService, container: Container, target: Target) -> set[str]:
        """Return the fields in which a container is not what is wanted."""
        image = self.observed.images.get(container.image)
        found: set[str] = set()
        if not target.same(container.image, image.digests if image else ()):
            found.add("image")
        recorded = self.known.mounts.get(service.name)
        if recorded is not None:
            changed = (p for p, d in service.mounts.items() if recorded.get(p) != d)
            found |= {f"file {p.removeprefix(self.wanted.folder + '/')}" for p in changed}
        if container.config_hash != service.config_hash:
            fields = traits.differences(service.traits, container.traits, image.traits if image else {})
            named = container.reference != service.image
            if named and "image" not in found:
                found.add(f"{_NAMED}{short(container.reference)} -> {short(service.image)}")
            found |= set(fields)
            if not fields and not named:
                found.add("configuration")
        return found

    def _release(self, service: WantedService, target: Target, action: str, *, same: bool) -> int | None:
        """Return the release that results; ``same``: what there is of it differs in nothing."""
        if not service.own:
            return None
        if service.name in self.request.activate:
            return self.request.activate[service.name]
        active = self.known.active(service.name)
        if active is None:
            return self.known.next(service.name) if action != "none" else None
        # One that was activated runs with a configuration of later ones: less or more of it is the same.
        kept = (same and action != "create") or active.fingerprint == service.fingerprint
        if action == "none" or (kept and target.same(active.id, (active.image,))):
            return active.number
        return self.known.next(service.name)

    def _remarks(self, service: WantedService, target: Target, old: tuple[Container, ...]) -> Iterator[str]:
        if target.note:
            yield target.note
        if service.pinned and service.variable not in self.request.assignments:
            was = self.known.replaced.get(service.variable, service.reference)
            if was != service.reference:
                yield (
                    f"a pin is in the way: {service.variable} in .env replaced {was}, and now it would be "
                    f"{service.reference}; `composegen release unpin {service.name}` removes it"
                )
            else:
                yield f"pinned to {short(service.image)}: {service.reference} is not followed"
        sick = sum(not c.ready for c in old if c.state in _LIVE)
        if sick and not service.oneshot:
            yield f"{sick} of {len(old)} not ready now"


def _of_image(change: str) -> bool:
    """Tell whether a change comes from the image, or from the name that a pin gives the same one."""
    return change == "image" or change.startswith(_NAMED)


def _action(old: tuple[Container, ...], changes: set[str], *, create: int, gone: bool) -> str:
    if not old:
        return "create"
    if not changes:
        if not create and not gone:
            return "none"
        return "scale" if gone and not create else "repair"
    if changes & _SCALED and changes <= _SCALED | _ORDINARY:
        return "scale"
    return "image" if changes == _ORDINARY else "recreate"


def _how(service: WantedService, stay: list[Container], replaced: list[Container], create: int) -> str:
    if service.oneshot:
        return "run"
    rolls = service.rollout == "roll" and not service.alone
    if replaced:
        return "roll" if rolls else "safe" if service.rollout == "safe" else "stop"
    if not create:
        return "remove"
    return "roll" if rolls and stay else "start"


def _downtime(service: WantedService, how: str, replaced: list[Container]) -> str:
    """Return why the service does not answer for a time; '' when it does."""
    if how not in {"stop", "safe"} or not any(c.state == "running" for c in replaced):
        return ""
    if service.name in LISTENING and not service.own:
        return "the frontend itself restarts: no host of this project answers meanwhile"
    if not service.own:
        return ""
    if how == "safe":
        return "scale with safe: all old containers stop before the new ones start"
    reasons = list(service.alone)
    if service.rollout == "stop":
        reasons.insert(0, "scale 0: the old container stops before the new one starts")
        reasons += [f"it writes {w}" for w in service.writes]
    return "; ".join(reasons)


def _users(traits: Mapping[str, str]) -> set[str]:
    """Return Traefik's files of users that a configuration names, as digests."""
    return {value for field, value in traits.items() if field.endswith(".basicauth.usersfile")}


def _shown(
    service: WantedService, changes: set[str], old: tuple[Container, ...], gone: list[Container]
) -> tuple[str, ...]:
    """Return the changes as a person reads them."""
    found = sorted(changes - _SCALED, key=lambda c: (c != "image", c))
    there = sum(c.state in _LIVE for c in old)
    if changes & _SCALED:
        found.insert(0, f"scale {there} -> {service.replicas}, which every container is told")
    elif old and not changes and not service.oneshot:
        ended = sum(c.state not in _LIVE for c in gone)
        if there != service.replicas:
            found.append(f"{there} of {service.replicas} containers run")
        if ended:
            found.append(f"{ended} ended container{'s' if ended > 1 else ''} left over")
    elif service.oneshot and old and gone and not changes:
        found.append("it has not ended well")
    return tuple(found)
