"""Every diagnostic code: title, explanation and example, in one table.

``composegen explain CODE`` and ``docs/reference/diagnostics.md`` are made of it. Hundreds
group by where the mistake is: 1 an annotation, 2 one service, 3 several services, 4 settings
and .env, 5 files.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means. ``warning`` codes do not stop a build."""

    code: str
    title: str
    explanation: str
    example: str
    warning: bool = False


_ALL = (
    Code(
        "CG100",
        "no service name",
        "A Dockerfile that carries annotations declares one service, and the service needs a name.",
        "# composegen.service = web",
    ),
    Code(
        "CG101",
        "unknown key",
        "The key is not one that composegen knows, or MyPaas never had it (under mypaas. only its ten "
        "keys count). `composegen explain` lists them all.",
        "# composegen.prot = 80   (meant: port)",
    ),
    Code(
        "CG102",
        "bad value",
        "The value is not of the form that its key takes. `composegen explain KEY` shows the form.",
        "# composegen.port = 80a",
    ),
    Code(
        "CG103",
        "repeated key",
        "The key takes one value, and stands twice in the file.",
        "# composegen.port = 80\n# composegen.port = 81",
    ),
    Code(
        "CG104",
        "empty value",
        "The key has no value. To leave a key out, delete its line or write #--- in front of it.",
        "# composegen.port =",
    ),
    Code(
        "CG105",
        "misspelt prefix",
        "The comment looks like an annotation, but its prefix is not composegen. or mypaas. exactly, so "
        "it would be ignored without a word.",
        "# composgen.url = https://example.com",
    ),
    Code(
        "CG106",
        "annotation inside a heredoc",
        "Docker takes the lines of a heredoc for content, not for comments, so no annotation counts there.",
        "RUN <<EOF\n# composegen.port = 80\nEOF",
        warning=True,
    ),
    Code("CG107", "annotation without '='", "An annotation is KEY = VALUE.", "# composegen.port 80"),
    Code(
        "CG108",
        "MyPaas is lax here",
        "MyPaas accepts this line: a key that stands twice (the last one counts), an empty value (ignored), "
        "more than one '#' in front, a name with other characters. composegen does the same, and says so.",
        "## mypaas.port = 80",
        warning=True,
    ),
    Code(
        "CG201",
        "published port and replicas",
        "A host port belongs to one container, so a service that publishes one can have neither several "
        "replicas nor a rolling deploy. With `scale = 1` the old container stops first. The same holds for "
        "compose.ports and compose.container_name.",
        "# composegen.publish = 5432:5432\n# composegen.scale = 2",
    ),
    Code(
        "CG202",
        "update = auto is not possible",
        "watchtower replaces one replica after the other: that contradicts `safe`, which never lets two "
        "releases run side by side, and it would skip `pre-deploy`.",
        "# composegen.scale = 2 safe\n# composegen.update = auto",
    ),
    Code(
        "CG203",
        "mount that gives the host away",
        "A mount of the host's root, of its system folders or of the engine's socket makes the container "
        "root on the host. A mount of the project's own files (.env, secrets, composegen.d, the folder as a "
        "whole) gives it the values of every service, or what make and other containers run. Where that is "
        "meant, say so with the escape hatch compose.volumes.",
        "# composegen.volume = /:/host",
    ),
    Code(
        "CG204",
        "liveness cannot restart this service",
        "A container that fails its liveness check ends, and its restart policy starts it again. That needs "
        "an init process and a restart policy other than no.",
        "# composegen.liveness = /alive\n# composegen.restart = no",
    ),
    Code(
        "CG205",
        "interval is cut to 10 s",
        "Draining a replica and taking one in wait for its next probe, so probes run at least every 10 s.",
        "# composegen.healthcheck = /health 30s",
        warning=True,
    ),
    Code(
        "CG206",
        "variable is not in .env",
        "A bare `env = KEY` takes its value from .env when the project starts. It is not there now; `up` "
        "refuses to start without it.",
        "# composegen.env = API_KEY",
        warning=True,
    ),
    Code(
        "CG207",
        "key without effect",
        "The line changes nothing: it says something about routed requests, replicas or updates and the "
        "service has none, or another line says it otherwise.",
        "# composegen.auth = staff   (without a url)",
        warning=True,
    ),
    Code(
        "CG208",
        "several ports, none named",
        "The Dockerfile exposes several ports, or one that only the build knows, or some urls name one and "
        "others do not. No annotation says which one speaks HTTP, so 80 is taken where none is named.",
        "EXPOSE 8000 9000",
        warning=True,
    ),
    Code(
        "CG209",
        "updates can only count replicas",
        "Before watchtower replaces a replica, the others are asked whether they are ready, over the "
        "network. This service has no port to ask, so it only checks that all replicas run.",
        "# composegen.scale = 2   (no url, no port)",
        warning=True,
    ),
    Code(
        "CG210",
        "wildcard host needs dns",
        "A certificate for a wildcard host can only be had with the DNS challenge.",
        "# composegen.url = https://*.example.com",
    ),
    Code(
        "CG211",
        "escape hatch cannot be merged",
        "The value of compose.PATH is not YAML, or the path leads through a value that is no mapping.",
        "# composegen.compose.ulimits.nofile = {soft: 1024",
    ),
    Code(
        "CG212",
        "volume without a name",
        "An anonymous volume is lost when the container is replaced, so the path gets a named volume. "
        "Replicas share it.",
        "VOLUME /data",
        warning=True,
    ),
    Code(
        "CG213",
        "not possible with this frontend",
        "The frontend that the project uses cannot do what the key or the setting asks for.",
        "COMPOSEGEN_FRONTEND=none\n# composegen.url = https://example.com",
    ),
    Code(
        "CG214",
        "hostname shared by replicas",
        "Flags that hold or drain one container are named after its hostname; replicas with one hostname "
        "are held and drained together.",
        "# composegen.compose.hostname = web",
        warning=True,
    ),
    Code(
        "CG215",
        "looks like a secret",
        "The value stands in the Dockerfile, so it is in git and in the generated file. A bare `env = KEY` "
        "takes it from .env, `secret = NAME` from a file.",
        "# composegen.env = DB_PASSWORD=hunter2",
        warning=True,
    ),
    Code(
        "CG216",
        "no image can be told",
        "FROM depends on a build argument without a default, so this only-FROM Dockerfile names no image.",
        "ARG BASE\nFROM $BASE",
    ),
    Code(
        "CG217",
        "label that is not the service's",
        "Labels under traefik., composegen., com.docker.compose. and com.centurylinklabs.watchtower. steer "
        "the frontend, Compose and the updater. One line could claim another service's requests with them.",
        "# composegen.label = traefik.http.routers.x.rule=Host(`example.com`)",
    ),
    Code(
        "CG218",
        "variable that is not the service's",
        "Names that start with COMPOSEGEN_ tell a container, and what runs in it, where it belongs.",
        "# composegen.env = COMPOSEGEN_SCALE=9",
    ),
    Code(
        "CG219",
        "path mounted twice",
        "Two volumes, configs, secrets or tmpfs stand at one path of the container. Compose refuses that, or "
        "keeps the last one without a word.",
        "# composegen.volume = a:/data\n# composegen.volume = b:/data",
    ),
    Code(
        "CG220",
        "label that nobody checks",
        "The escape hatch sets a label that steers the frontend or the updater. composegen passes it on and "
        "does not know whether it claims another service's requests.",
        '# composegen.compose.labels = {"traefik.http.routers.x.rule": "Host(`example.com`)"}',
        warning=True,
    ),
    Code(
        "CG221",
        "means more with this frontend",
        "The frontend that the project uses can do what the key asks for, and does something beside it. "
        "docs/reference/frontends.md lists all such differences. nginx's timeout counts for pauses within an "
        "answer too; Traefik's rate limit forgets a client that pauses, and its header Set-Cookie leaves no "
        "sticky cookie beside it.",
        "COMPOSEGEN_FRONTEND=nginx\n# composegen.timeout = 10s",
        warning=True,
    ),
    Code(
        "CG222",
        "context above the project",
        "The build context holds the project's folder, so .env, secrets/ and bind folders can get into the "
        "image. composegen writes no file outside of the project. Make a file named after the Dockerfile, "
        "such as web/Dockerfile.dockerignore: Docker reads it, and build adds the lines to it.",
        "# composegen.build = ..   (in the project's own folder)",
        warning=True,
    ),
    Code(
        "CG301",
        "two services with one name",
        "Every service of a project has a name of its own.",
        "# composegen.service = web   (in two Dockerfiles)",
    ),
    Code(
        "CG302",
        "route claimed twice",
        "Two services, or two lines, claim the same scheme, host and path.",
        "# composegen.url = https://example.com   (in two Dockerfiles)",
    ),
    Code(
        "CG303",
        "host port claimed twice",
        "Two containers cannot listen on one port of the host.",
        "# composegen.publish = 5432:5432   (in two Dockerfiles)",
    ),
    Code(
        "CG304",
        "unknown service",
        "The service that is named here is not declared in this project.",
        "# composegen.depends = databse",
    ),
    Code(
        "CG305",
        "circle of dependencies",
        "Each of these services waits for the next, so none would ever start; or each image is FROM the "
        "next, so none could be built.",
        "a depends on b, b depends on a",
    ),
    Code(
        "CG306",
        "two images, one variable",
        "The variable that pins an image is named after its service; these two names give the same one.",
        "services a.b and a-b: COMPOSEGEN_IMAGE_A_B",
    ),
    Code(
        "CG307",
        "reserved name",
        "The generated file has a service of this name itself.",
        "# composegen.service = traefik",
    ),
    Code(
        "CG308",
        "one folder or volume, two owners",
        "Two services ask for the same folder or volume with different owners or modes.",
        "# composegen.volume = ./data:/data owner=1000:1000",
    ),
    Code(
        "CG309",
        "one volume for two paths",
        "A path without a volume of its own gets one named after service and path. Here that name is "
        "another one's, and the two would share their files.",
        "VOLUME /b/c in service a, VOLUME /c in service a-b",
    ),
    Code(
        "CG310",
        "depends on a manual service",
        "A service with start = manual is not part of `up`, so Compose refuses a project in which another "
        "one waits for it.",
        "# composegen.depends = worker   (worker has start = manual)",
    ),
    Code(
        "CG311",
        "redirect to itself",
        "A redirect keeps the rest of the path, and its target is answered by the same redirect again, at "
        "once or after others. No browser ever gets there.",
        "# composegen.url = https://example.com redirect=https://example.com/home",
    ),
    Code(
        "CG312",
        "depends on a check that is off",
        "The service is to wait until another one is healthy, and Docker checks nothing there: "
        "`healthcheck = off`, or HEALTHCHECK NONE, and no url or liveness that brings a check. It would "
        "wait for ever.",
        "# composegen.depends = db:healthy   (db has healthcheck = off)",
    ),
    Code(
        "CG401",
        ".env cannot be read",
        "Docker Compose would refuse this line of .env as well.",
        "A B=1",
    ),
    Code(
        "CG402",
        "bad setting",
        "The setting's value is not one that it takes.",
        "COMPOSEGEN_TLS=letsencrypt",
    ),
    Code(
        "CG403",
        "unknown setting",
        "The name starts with COMPOSEGEN_, but is no setting.",
        "COMPOSEGEN_FRONTENT=traefik",
        warning=True,
    ),
    Code(
        "CG404",
        "not there yet",
        "The setting asks for something that this version of composegen does not generate.",
        "COMPOSEGEN_TARGET=swarm",
    ),
    Code(
        "CG405",
        "setting needs another one",
        "The setting makes sense only together with another one.",
        "COMPOSEGEN_DASHBOARD_URL=https://traefik.example.com   (without COMPOSEGEN_DASHBOARD_AUTH)",
    ),
    Code(
        "CG501",
        "file cannot be read",
        "The file is not there, or may not be read, or is a link that leads nowhere.",
        "web/Dockerfile: permission denied",
    ),
    Code(
        "CG502",
        "not a text file",
        "The file holds bytes that are no UTF-8 text.",
        "Dockerfile: byte 0x00 at offset 7",
    ),
    Code(
        "CG503",
        "file is too large",
        "A Dockerfile or .env above 4 MiB is surely not one.",
        "Dockerfile: 104857600 bytes",
    ),
    Code(
        "CG504",
        "no service found",
        "No Dockerfile below the folder declares a service.",
        "# composegen.service = web",
    ),
    Code(
        "CG505",
        "no FROM",
        "The Dockerfile has no FROM instruction, so there is nothing to run.",
        "# composegen.service = web   (and nothing else)",
    ),
    Code(
        "CG506",
        "source not found",
        "COMPOSEGEN_SOURCES names a path or a glob that matches nothing.",
        "COMPOSEGEN_SOURCES=web/Dockerfil",
    ),
    Code(
        "CG507",
        "file was edited by hand",
        "The file was generated and then edited, so a build would throw the edit away. Move the change to "
        "an annotation (compose.PATH takes anything), or overwrite it with --force.",
        "docker-compose.yml",
    ),
    Code(
        "CG508",
        "file is not composegen's",
        "A file of this name is there and was not generated by composegen.",
        "docker-compose.yml",
    ),
    Code(
        "CG509",
        "cannot write",
        "The target folder or a file in it cannot be written. Nothing was changed.",
        "docker-compose.yml: read-only file system",
    ),
    Code(
        "CG510",
        "mounted file is not there",
        "`config` mounts a file or folder of the project that does not exist.",
        "# composegen.config = ./app.toml:/etc/app.toml",
    ),
    Code(
        "CG511",
        "build context is not there",
        "The folder that `build` names does not exist.",
        "# composegen.build = ../src",
    ),
    Code(
        "CG512",
        "file name that cannot be written down",
        "The path holds control characters, characters that hide or reverse text, or bytes that are no "
        "UTF-8. It stands in comments of generated files, where it could pass for something else.",
        "a\\nb/Dockerfile",
    ),
)

CODES = {code.code: code for code in _ALL}
