"""services.awk, hosts.awk and wait.awk: what they conclude from facts and containers."""

from __future__ import annotations

import pytest

from tests.unit.runner.conftest import filtered

_FACTS = r"""
services.db.image	postgres:16
services.web\.one.image	r/web:1
services.web\.one.scale	3
services.web\.one.depends_on.db.condition	service_healthy
services.web\.one.depends_on.toolbox.condition	service_completed_successfully
services.toolbox.image	busybox:musl
services.fixed.image	a@sha256:00
services.fixed.profiles.0	manual
services.fixed.profiles.1	night
x-composegen.services.web\.one.image	COMPOSEGEN_IMAGE_WEB_ONE
x-composegen.services.web\.one.reference	r/web:1
x-composegen.services.web\.one.build	true
x-composegen.services.web\.one.rollout	roll
x-composegen.services.web\.one.pre_deploy.0	./migrate
x-composegen.services.web\.one.pre_deploy.1	--all
x-composegen.services.fixed.image	COMPOSEGEN_IMAGE_FIXED
""".strip()


def test_services_stand_in_the_order_of_dependence(awk: list[str]) -> None:
    """What others wait for comes first; who is waited for to end is a one-shot."""
    assert filtered(awk, "services.awk", _FACTS + "\n", profiles="other, none") == [
        "db\tpostgres:16\tpostgres:16\t-\tno\tauto\tlong\t1\t-\t-\tno",
        "toolbox\tbusybox:musl\tbusybox:musl\t-\tno\tauto\toneshot\t1\t-\t-\tno",
        "fixed\ta@sha256:00\t-\tCOMPOSEGEN_IMAGE_FIXED\tno\tmanual\tlong\t1\t-\t-\tno",
        "web.one\tr/web:1\tr/web:1\tCOMPOSEGEN_IMAGE_WEB_ONE\tyes\tauto\tlong\t3\troll\t-\tyes",
    ]


@pytest.mark.parametrize(
    ("profiles", "start"),
    [
        ("", "manual"),
        ("night", "auto"),
        ("other, manual", "auto"),
        ("*", "auto"),
        ("man", "manual"),
        (" ,", "manual"),
    ],
)
def test_profiles_are_those_that_compose_would_take(awk: list[str], profiles: str, start: str) -> None:
    """COMPOSE_PROFILES is a list, with blanks; a star is all of them."""
    lines = filtered(awk, "services.awk", _FACTS + "\n", profiles=profiles)
    started = {name: how for name, _, _, _, _, how, *_ in (line.split("\t") for line in lines)}
    assert started == {"db": "auto", "toolbox": "auto", "web.one": "auto", "fixed": start}


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        (["a https://a.example/", "b http://a.example/"], ""),
        (["a https://a.example/x", "b https://a.example/xy"], ""),
        (["a https://A.example", "b https://a.example/"], "a and b both claim https://a.example/"),
        (["a https://a.example/x/", "b https://a.example/x"], "a and b both claim https://a.example/x"),
        (["a https://*.a.example/"], ""),
        (["a https:///"], "a: '' in https:/// is not a host name"),
        (["a https://a b/"], "a: 'a b' in https://a b/ is not a host name"),
        (["a https://https://a.example/"], "a: 'https:' in https://https://a.example/ is not a host name"),
        (["a https://-a.example/"], "a: '-a.example' in"),
        (["a https://a`b/"], "a: 'a`b' in"),
        (["a https://" + "a" * 64 + ".example/"], "is not a host name"),
    ],
)
def test_hosts_are_judged_by_value(awk: list[str], urls: list[str], said: str) -> None:
    """Invalid hosts and routes that two services claim; the same service may claim one twice."""
    text = ""
    for number, line in enumerate(urls):
        service, url = line.split(" ", 1)
        text += f"{number}.service\t{service}\n{number}.url\t{url}\n"
    found = filtered(awk, "hosts.awk", text)
    assert (said in found[0] and len(found) == 1) if said else found == []


@pytest.mark.parametrize(
    ("value", "path", "said"),
    [
        ("a.test", "/x", ""),
        ("A.test", "", "web and other both claim https://a.test/"),
        ("*.a.test", "", ""),
        ("a.test:444", "", "web: 'a.test:444' in https://a.test:444/ is not a host name"),
        ("a.test:443", "/x", "no scheme, no port, no path"),
        ("a.test/sub", "", "web: 'a.test/sub' in https://a.test/sub/ is not a host name"),
        ("a.test/", "/x", "web: 'a.test/' in https://a.test//x is not a host name"),
        ("https://a.test", "", "web: 'https://a.test' in"),
    ],
)
def test_the_value_of_a_host_is_nothing_but_a_host(
    awk: list[str], value: str, path: str, said: str
) -> None:
    """A port or a path in it is not taken for the url's; Compose's order of fields is by name."""
    text = f"0.host\t{value}\n0.service\tweb\n0.url\thttps://{value}{path or '/'}\n"
    found = filtered(awk, "hosts.awk", text + "1.service\tother\n1.url\thttps://a.test/\n")
    assert said in found[0] if said else found == []


def _container(service: str, number: int = 1, **what: object) -> str:
    state = {
        "state": "running",
        "health": "-",
        "code": 0,
        "restarts": 0,
        "started": "t0",
        "policy": "unless-stopped",
    } | what
    words = ["C", service, number, f"{service}{number}"]
    words += [state[k] for k in ("state", "health", "code", "restarts", "started")]
    words += ["sha256:1", "hash", "sha256:1", state["policy"], 0, f"p-{service}-{number}"]
    return "\t".join(map(str, words)) + "\n"


def _verdict(
    awk: list[str], expected: str, looks: list[list[str]], *, step: int = 1, patience: int = 20
) -> str:
    """Look as often as there are lists of containers, and give the last verdicts."""
    seen: list[str] = []
    found: list[str] = []
    for number, containers in enumerate(looks):
        text = expected + "".join(f"{line}\n" for line in seen) + "".join(containers)
        found = filtered(awk, "wait.awk", text, now=1000 + number * step, patience=patience)
        seen = [line for line in found if line.startswith("S\t")]
    return "; ".join(" ".join(v.split("\t")[1:4]) for v in found if v.startswith("V\t"))


_WEB = "E\tweb\t1\tlong\n"
_JOB = "E\tjob\t1\toneshot\n"


@pytest.mark.parametrize(
    ("expected", "looks", "verdict"),
    [
        (_WEB, [[_container("web", health="healthy")]], "ready web -"),
        (_WEB, [[]], "wait web 0 of 1 there"),
        (_WEB, [[_container("web", health="starting")]], "wait web not ready yet"),
        (_WEB, [[_container("web")]], "wait web just started"),
        (_WEB, [[_container("web")]] * 3, "ready web -"),
        (
            _WEB,
            [[_container("web")]] * 2 + [[_container("web", started="t1", restarts=1)]],
            "wait web just started",
        ),
        (_WEB, [[_container("web", health="unhealthy")]] * 19, "wait web unhealthy"),
        (_WEB, [[_container("web", health="unhealthy")]] * 21, "failed web unhealthy"),
        (
            _WEB,
            [[_container("web", started=f"t{n}", restarts=n)] for n in range(25)],
            "failed web restarts again and again",
        ),
        (
            _WEB,
            [[_container("web", state="exited", code=3, policy="no")]] * 2,
            "failed web ended with exit code 3",
        ),
        (_WEB, [[_container("web", state="created")]] * 3, "failed web could not be started"),
        ("E\tweb\t2\tlong\n", [[_container("web", health="healthy")]], "wait web 1 of 2 there"),
        (_JOB, [[_container("job", policy="no")]], "wait job still at work"),
        (_JOB, [[_container("job", state="exited", policy="no")]], "ready job -"),
        (
            _JOB,
            [[_container("job", state="exited", code=1, policy="no")]],
            "failed job ended with exit code 1",
        ),
        (
            _WEB,
            [[_container("web", health="healthy"), _container("other", state="exited", code=1)]],
            "ready web -",
        ),
    ],
)
def test_readiness(awk: list[str], expected: str, looks: list[list[str]], verdict: str) -> None:
    """Ready, not yet, or failed; what looks bad has some time to recover."""
    assert _verdict(awk, expected, looks) == verdict


def test_what_ran_before_need_not_prove_itself(awk: list[str]) -> None:
    """A second `make up` does not wait."""
    text = _WEB + "S\tweb1\tt0\t99\t0\t7\n" + _container("web", restarts=7)
    assert "V\tready\tweb\t-\t-" in filtered(awk, "wait.awk", text, now=1, patience=20)
