"""Is there another image? Compare digests, pull when they differ, look where the tag points."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING

from . import log
from .engine import Engine, GoneError, split

if TYPE_CHECKING:
    from .container import Container
    from .settings import Settings

_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_OK = 200
_PATIENCE = 5.0


def newest(engine: Engine, container: Container, settings: Settings) -> str:
    """Give the image id that the container's reference means now, pulled when needed.

    The pull moves the local tag, before any hook has been asked and also for containers
    that are only monitored. EngineError: the engine could not pull.
    """
    if not container.no_pull(settings) and not _same_digest(container, settings):
        try:
            engine.pull(container.image_name)
        except GoneError:
            return str(container.facts["Image"])
    return str(engine.image(container.image_name)["Id"])


def _same_digest(container: Container, settings: Settings) -> bool:
    """Say whether the registry still has what runs, so that no pull is needed."""
    digests = (container.image or {}).get("RepoDigests") or []
    if container.image is not None and not digests:
        return True  # built here: there is nothing to pull
    repository, tag = split(container.image_name)
    host, _, path = repository.partition("/")
    if not ("." in host or ":" in host):
        return False  # not a registry's address; the engine knows what it means
    try:
        remote = _head(host, f"/v2/{path}/manifests/{tag}", settings)
    except (OSError, http.client.HTTPException) as error:
        log.debug("Digest retrieval failed, falling back to full pull", error=error)
        return False
    return any(digest.partition("@")[2] == remote for digest in digests)


def _head(host: str, path: str, settings: Settings) -> str:
    connection = http.client.HTTPConnection(host, timeout=_PATIENCE)
    if not settings.tls_skip:
        trust = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, timeout=_PATIENCE, context=trust)
    try:
        connection.request("HEAD", path, headers={"Accept": _ACCEPT})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    if answer.status != _OK:
        raise OSError(f"registry answered {answer.status}")
    return answer.headers.get("Docker-Content-Digest", "")
