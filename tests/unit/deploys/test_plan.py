"""Plans as text, without an engine: what is wanted and what runs in, what would be done out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from composegen.deploys.known import Known, Past
from composegen.deploys.observed import Container, Image, Observed
from composegen.deploys.plan import plan
from composegen.deploys.planned import Plan, Request, Target
from composegen.deploys.wanted import Wanted, WantedService
from composegen.errors import UsageError
from composegen.render.plan import as_json, text

TAG = "registry.test/web:latest"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
DIGEST = f"registry.test/web@sha256:{'d' * 64}"
HASH = "h1"
VARIABLE = "COMPOSEGEN_IMAGE_WEB"


def service(name: str = "web", **changes: Any) -> WantedService:
    """Return a routed service of two replicas that rolls."""
    made = WantedService(
        name=name,
        image=TAG,
        reference=TAG,
        variable=VARIABLE,
        ours=True,
        update="auto",
        rollout="roll",
        replicas=2,
        routed=True,
        checked=True,
        config_hash=HASH,
        fingerprint="one",
        traits={"environment GREETING": "hi", "environment COMPOSEGEN_SCALE": "2"},
    )
    return replace(made, **changes)


def container(number: int, service_: str = "web", **changes: Any) -> Container:
    """Return a running container of what ``service`` gives."""
    made = Container(
        id=f"{service_}{number}".ljust(64, "0"),
        name=f"shop-{service_}-{number}",
        service=service_,
        number=number,
        image=OLD,
        reference=TAG,
        compose_image=OLD,
        config_hash=HASH,
        health="healthy",
        traits={"environment GREETING": "hi", "environment COMPOSEGEN_SCALE": "2"},
    )
    return replace(made, **changes)


def made(  # noqa: PLR0917 - each is another source
    services: list[WantedService],
    containers: list[Container],
    image: str = OLD,
    known: Known | None = None,
    request: Request | None = None,
    target: Target | None = None,
) -> Plan:
    """Return the plan for these services to run ``image``."""
    first = Past(number=1, image=DIGEST, id=OLD, fingerprint="one", active=True)
    known = known or Known(releases={s.name: (first,) for s in services})
    wanted = Wanted(project="shop", folder="/srv/shop", services=tuple(services))
    observed = Observed(containers=tuple(containers), images={OLD: Image(id=OLD), NEW: Image(id=NEW)})
    targets = {s.name: target or Target(name=s.image, id=image) for s in services}
    return plan(wanted, observed, known, request or Request(), targets)


def shown(*words: Any, **named: Any) -> str:
    """Return a plan as text."""
    return text(made(*words, **named))


def test_nothing_to_do() -> None:
    """What runs is what is wanted: no action, whatever Compose noted of the image."""
    found = made([service()], [container(1), container(2, compose_image=NEW)])
    assert text(found) == "unchanged: web\nNothing to do: what runs is what the files ask for.\n"
    assert found.services[0].release == 1


def test_nothing_to_do_where_images_are_built_here() -> None:
    """Whoever has edited the code is told what is missing; beside a change it goes without saying."""
    said = shown([service(local=True)], [container(1), container(2)])
    assert "note: built here: web; after a change of the code run `make build` first\n" in said
    assert "built here" not in shown([service(local=True)], [])


def test_a_first_start() -> None:
    """Nothing of it is there: both replicas start, as release 1."""
    assert shown([service()], [], known=Known()) == (
        "+ web: nothing of it is there\n"
        f"      image: {TAG} (sha256:aaaaaaaaaaaa)\n"
        "      release: 1\n"
        "      how: 2 containers start\n"
        "      downtime: none\n"
        "1 service changes, without downtime.\n"
    )


def test_a_new_image_rolls() -> None:
    """Only the image differs: new beside old, a new release, nothing lost."""
    target = Target(name=TAG, digest=DIGEST, pull=True)
    found = made([service()], [container(1), container(2)], known=_with_release(), target=target)
    assert text(found) == (
        "~ web: image\n"
        f"      image: {TAG} (sha256:dddddddddddd), to be pulled\n"
        "      release: 3 -> 4\n"
        "      how: rolling, 2 new beside 2 old; the old ones leave once the new ones serve\n"
        "      downtime: none\n"
        "1 service changes, without downtime.\n"
    )
    (one,) = found.services
    assert (one.action, one.how, one.create, len(one.replace)) == ("image", "roll", 2, 2)


def test_the_same_digest_is_no_change() -> None:
    """An image that is known by its digest only is recognised by it."""
    target = Target(name=TAG, digest=DIGEST, pull=False)
    wanted = Wanted(project="shop", folder="/srv/shop", services=(service(replicas=1),))
    observed = Observed(containers=(container(1),), images={OLD: Image(id=OLD, digests=(DIGEST,))})
    found = plan(wanted, observed, Known(), Request(), {"web": target})
    assert not found.changed


def test_configuration_names_the_fields() -> None:
    """The fields that differ are named, values never; what the image itself gives does not count."""
    changed = service(
        config_hash="h2",
        fingerprint="two",
        traits={"environment GREETING": "ho", "environment COMPOSEGEN_SCALE": "2", "maxmem": "m"},
    )
    found = shown([changed], [container(1), container(2)])
    assert found.startswith("~ web: environment GREETING, maxmem\n")
    assert "release: 1 -> 2\n" in found
    other_compose = service(config_hash="h2")
    assert shown([other_compose], [container(1), container(2)]).startswith("~ web: configuration\n")


def test_many_labels_are_counted() -> None:
    """A route renamed is a dozen labels: one word for a person, every name for a program."""
    labels = {f"label traefik.http.routers.web.{n}": "x" for n in range(4)}
    found = made(
        [service(config_hash="h2", fingerprint="two", traits={"maxmem": "m", **labels})], [container(1)]
    )
    (changes,) = [one.changes for one in found.services]
    assert set(labels) < set(changes)
    assert ", 4 labels\n" in text(found)
    assert "label traefik" not in text(found)


def test_a_changed_scale_replaces_every_replica() -> None:
    """Each container is told the number, so each is made anew; the plan says so."""
    more = service(
        replicas=3,
        config_hash="h2",
        fingerprint="two",
        traits={"environment GREETING": "hi", "environment COMPOSEGEN_SCALE": "3"},
    )
    found = made([more], [container(1), container(2)])
    (one,) = found.services
    assert (one.action, one.create, len(one.replace), len(one.keep)) == ("scale", 3, 2, 0)
    assert text(found).startswith("~ web: scale 2 -> 3, which every container is told\n")


def test_mounted_files() -> None:
    """An edited config file recreates the service; one that was never recorded does not."""
    wanted = service(mounts={"./a.conf": "new", "/srv/shop/secrets/key": "same"})
    before = {"./a.conf": "old", "/srv/shop/secrets/key": "same"}
    known = Known(mounts={"web": before})
    assert shown([wanted], [container(1), container(2)], known=known).startswith("~ web: file ./a.conf\n")
    known = Known(mounts={"other": before})
    assert not made([wanted], [container(1), container(2)], known=known).changed
    known = Known(mounts={"web": {"./a.conf": "new"}})
    assert "~ web: file secrets/key\n" in shown([wanted], [container(1), container(2)], known=known)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rollout": "stop", "replicas": 1}, "scale 0: the old container stops before the new one starts"),
        (
            {
                "rollout": "stop",
                "replicas": 1,
                "writes": ("db-data",),
                "alone": ("it publishes port 25/tcp",),
            },
            (
                "scale 0: the old container stops before the new one starts; it publishes port 25/tcp; "
                "it writes db-data"
            ),
        ),
        ({"rollout": "safe"}, "scale with safe: all old containers stop before the new ones start"),
        ({"alone": ("it publishes port 25/tcp",)}, "it publishes port 25/tcp"),
        ({"writes": ("uploads",)}, ""),
    ],
)
def test_downtime_and_why(changes: dict[str, Any], reason: str) -> None:
    """Downtime is announced with its reasons, and only then."""
    wanted = service(**changes)
    found = made([wanted], [container(n + 1) for n in range(wanted.replicas)], image=NEW)
    (one,) = found.services
    assert one.downtime == reason
    assert one.how == ("roll" if not reason else "safe" if wanted.rollout == "safe" else "stop")
    assert f"downtime: {reason or 'none'}\n" in text(found)
    ending = "with downtime of web.\n" if reason else "without downtime.\n"
    assert text(found).endswith(ending)


def test_users_that_traefik_loses_cost_downtime() -> None:
    """The old routers name a file that is no longer mounted; one that another service keeps is."""
    users = "label traefik.http.middlewares.auth-1.basicauth.usersfile"
    old = [container(n, traits={users: "staff"}) for n in (1, 2)]
    without = made([service()], old, image=NEW)
    assert without.services[0].how == "roll"
    assert without.services[0].downtime.startswith("its auth changes: ")
    kept = made([service(), service(name="other", traits={users: "staff"}, replicas=0)], old, image=NEW)
    assert kept.services[0].downtime == ""


def test_no_downtime_where_nothing_runs() -> None:
    """A service whose containers have ended cannot be missed."""
    wanted = service(rollout="stop", replicas=1)
    found = made([wanted], [container(1, state="exited", health="")], image=NEW)
    (one,) = found.services
    assert (one.downtime, one.how, one.create, len(one.remove)) == ("", "start", 1, 1)


def test_only_the_odd_replica_is_replaced() -> None:
    """After a gated update that stopped at a bad image, the good replica is left alone."""
    containers = [container(1), container(2, image=NEW, state="restarting", health="")]
    (one,) = made([service()], containers).services
    assert one.keep == (containers[0].id,)
    assert one.replace == (containers[1].id,)
    assert (one.action, one.create) == ("image", 1)


def test_repair() -> None:
    """A replica that is missing or has ended is made anew; what runs stays."""
    containers = [container(1), container(2, state="exited", health="")]
    found = made([service()], containers)
    (one,) = found.services
    assert (one.action, one.how, one.create, one.remove) == ("repair", "roll", 1, (containers[1].id,))
    assert "~ web: 1 of 2 containers run, 1 ended container left over\n" in text(found)
    assert one.release == 1


def test_surplus_goes() -> None:
    """More replicas than wanted: the sick one goes, else the newest."""
    containers = [container(1, health="unhealthy"), container(2), container(3)]
    (one,) = made([service()], containers).services
    assert (one.action, one.how, one.create, one.remove) == ("scale", "remove", 0, (containers[0].id,))
    containers = [container(1), container(2), container(3)]
    assert made([service()], containers).services[0].remove == (containers[2].id,)


def test_orphans_are_removed() -> None:
    """What is in no file any more goes, unless other services were named; one-offs are left alone."""
    containers = [container(1), container(2), container(1, "old"), container(1, "task", oneoff=True)]
    found = made([service()], containers)
    (one,) = found.changed
    assert (one.name, one.action, one.remove) == ("old", "remove", (containers[2].id,))
    assert "- old: it is in no file any more\n" in text(found)
    assert not made([service()], containers, request=Request(services=("web",))).changed


def test_oneshots() -> None:
    """One that has ended well is done; one that failed, or changed, runs again; it has no downtime."""
    wanted = service(
        "migrate", oneshot=True, routed=False, rollout="stop", replicas=1, variable="COMPOSEGEN_IMAGE_MIGRATE"
    )
    ended = container(1, "migrate", state="exited", health="")
    assert not made([wanted], [ended]).changed
    (failed,) = made([wanted], [replace(ended, exit_code=1)]).services
    assert (failed.action, failed.how, failed.create, failed.remove) == ("repair", "run", 1, (ended.id,))
    (changed,) = made([wanted], [ended], image=NEW).services
    assert (changed.action, changed.how, changed.downtime) == ("image", "run", "")


def test_manual_services() -> None:
    """They are left out until they are named or run."""
    wanted = service(manual=True)
    assert made([wanted], []).services == ()
    assert made([wanted], [], request=Request(services=("web",))).changed
    assert made([wanted], [container(1), container(2)], image=NEW).changed


def test_services_of_one_image_move_together() -> None:
    """Naming one moves the others that run, when the image changes; else they are left alone."""
    worker = service("worker", routed=False)
    running = [container(1), container(2), container(1, "worker"), container(2, "worker")]
    request = Request(services=("web",))
    moved = made([service(), worker], running, image=NEW, request=request)
    assert [s.name for s in moved.changed] == ["web", "worker"]
    pinned = [replace(c, reference=DIGEST, config_hash="h0") for c in running]
    unpinned = made(
        [service(), worker], pinned, request=Request(services=("web",), assignments={VARIABLE: ""})
    )
    assert [s.name for s in unpinned.changed] == ["web", "worker"]
    edited = service("worker", routed=False, config_hash="h2")
    assert [s.name for s in made([service(), edited], running, request=request).services] == ["web"]


def test_pins() -> None:
    """A pin is told; one whose reference has changed since is in the way."""
    pinned = service(image=DIGEST, config_hash="h2")
    running = [container(n, reference=DIGEST, config_hash="h2") for n in (1, 2)]
    known = Known(replaced={VARIABLE: TAG})
    assert f"note: web: pinned to {DIGEST[:-52]}: {TAG} is not followed\n" in shown(
        [pinned], running, known=known
    )
    known = Known(replaced={VARIABLE: "registry.test/web:1"})
    assert (
        f"note: web: a pin is in the way: {VARIABLE} in .env replaced registry.test/web:1, and now it would "
        f"be {TAG}; `composegen release unpin web` removes it\n"
    ) in shown([pinned], running, known=known)


def test_activating_pins_and_rolls() -> None:
    """A pin to the very image that runs still makes the containers anew: Compose's hash covers the name."""
    pinned = service(image=DIGEST, config_hash="h2")
    request = Request(services=("web",), assignments={VARIABLE: DIGEST}, activate={"web": 1})
    found = made([pinned], [container(1), container(2)], request=request)
    (one,) = found.services
    assert (one.how, one.release, one.notes) == ("roll", 1, ())
    assert one.changes == (f"image name {TAG} -> {DIGEST[:-52]}",)


def test_the_frontend_and_others_of_composegens_own() -> None:
    """A restart of the frontend keeps every host from answering; the other helpers cost nothing."""
    traefik = WantedService(name="traefik", image="traefik:v3", reference="traefik:v3", config_hash="h2")
    watchtower = WantedService(name="watchtower", image="w:1", reference="w:1", config_hash="h2")
    running = [container(1, "traefik"), container(1, "watchtower")]
    found = made([traefik, watchtower], running, known=Known())
    first, second = found.services
    assert first.downtime.startswith("the frontend itself restarts")
    assert (second.how, second.downtime, second.release) == ("stop", "", None)


def test_a_mistake_in_the_files_is_a_problem() -> None:
    """Also where nothing else would change, and of a service that would move with the one that is named."""
    wrong = service(mistakes=("no file a", "no host b"))
    assert made([wrong], [container(1), container(2)]).services[0].problem == "no file a; no host b"
    found = made([service("one"), wrong], [container(1)], NEW, request=Request(services=("one",)))
    assert [s.name for s in found.problems] == ["web"]


def test_a_problem_stops_everything() -> None:
    """A service that cannot be deployed says why, and that nothing will be done."""
    found = made([service()], [container(1)], target=Target(name=TAG, problem="the registry is down"))
    assert text(found) == (
        "! web: cannot be deployed\n"
        "      error: the registry is down\n"
        "web cannot be deployed: as long as that is so, `composegen deploy` changes nothing.\n"
    )
    assert not found.changed


def test_notes_of_the_project() -> None:
    """An interrupted deploy and paused containers are told first."""
    found = shown([service()], [container(1, state="paused"), container(2)], known=Known(interrupted="web"))
    assert found.splitlines()[:2] == [
        "note: a deploy of web was interrupted: it is finished or undone first",
        "note: shop-web-1 is paused, by a person or by a deploy that was interrupted",
    ]


def test_pre_deploy_is_told() -> None:
    """The command that runs beforehand stands in the plan, but not for a repair."""
    wanted = service(pre_deploy=("./manage.py", "migrate"))
    line = "before: ./manage.py migrate, once, in the new image\n"
    assert line in shown([wanted], [container(1), container(2)], image=NEW)
    assert line not in shown([wanted], [container(1)])


def test_unknown_services() -> None:
    """A misspelt service is an error that lists the others."""
    with pytest.raises(UsageError, match="there is no service 'wep'") as caught:
        made([service()], [], request=Request(services=("wep",)))
    assert "web" in caught.value.hint


def test_json_says_the_same() -> None:
    """The JSON has each field of the plan."""
    found = made(
        [service(pre_deploy=("go",))], [container(1), container(2)], image=NEW, known=_with_release()
    )
    data = json.loads(as_json(found))
    assert (data["changes"], data["downtime"]) == (["web"], [])
    (one,) = data["services"]
    assert one["image"] == {"name": TAG, "id": NEW, "digest": "", "pull": False}
    assert (one["action"], one["how"], one["release"], one["active"]) == ("image", "roll", 4, 3)
    assert (one["create"], len(one["replace"]), one["pre_deploy"]) == (2, 2, ["go"])


def _with_release() -> Known:
    """Return a store with three releases, the third active."""
    past = (Past(number=n, image="", id=OLD, fingerprint="one", active=n == 3) for n in (1, 2, 3))
    return Known(releases={"web": tuple(past)})
