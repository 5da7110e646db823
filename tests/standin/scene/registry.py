"""A registry of images on a loopback port, for as long as a test needs it."""

from __future__ import annotations

import http.client
import time
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.engine import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.engine import Engine

_IMAGE = "registry:test"
_PATIENCE = 30.0
_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)


@dataclass(frozen=True)
class Registry:
    """A running registry and what was put into the engine for it."""

    engine: Engine
    container: str
    address: str

    def reference(self, name: str) -> str:
        """Name an image of this registry."""
        return f"{self.address}/{name}:latest"

    def push(self, source: str, reference: str) -> str:
        """Make `reference` mean this local image in the registry; give the image's id.

        What is pushed goes under a tag of its own, and `reference` is moved in the registry:
        an updater that pulls in between would turn a local tag back before it is pushed. The
        engine has the image only once somebody pulls it; `source` is forgotten. Only the first
        image of a reference gets the local tag too.
        """
        image, known = self.identity(source), self.identity(reference)
        repository, _, tag = reference.rpartition(":")
        parcel = f"{repository}:parcel-{uuid.uuid4().hex[:8]}"
        self.engine.docker("tag", source, parcel)
        self.engine.docker("push", "--quiet", parcel)
        self._copy_tag(parcel.rpartition(":")[2], tag, repository.partition("/")[2])
        if not known:
            self.engine.docker("pull", "--quiet", reference)
        self.engine.docker("rmi", source, parcel)
        return image

    def _copy_tag(self, old: str, new: str, repository: str) -> None:
        """Give a manifest of the registry a second tag."""
        manifests = f"/v2/{repository}/manifests"
        accept = {"Accept": ", ".join(_MANIFESTS)}
        with closing(http.client.HTTPConnection(self.address, timeout=_PATIENCE)) as registry:
            registry.request("GET", f"{manifests}/{old}", headers=accept)
            answer = registry.getresponse()
            kind, manifest = answer.headers["Content-Type"], answer.read()
            registry.request("PUT", f"{manifests}/{new}", manifest, {"Content-Type": kind})
            answer = registry.getresponse()
            told = answer.read()
            assert answer.status == http.HTTPStatus.CREATED, told

    def digest(self, reference: str) -> str:
        """Give what pins the image that a reference means in the registry: `repository@sha256:…`."""
        repository, _, tag = reference.rpartition(":")
        with closing(http.client.HTTPConnection(self.address, timeout=_PATIENCE)) as registry:
            path = f"/v2/{repository.partition('/')[2]}/manifests/{tag}"
            registry.request("HEAD", path, headers={"Accept": ", ".join(_MANIFESTS)})
            answer = registry.getresponse()
            assert answer.status == http.HTTPStatus.OK, f"{reference}: {answer.status}"
            return f"{repository}@{answer.headers['Docker-Content-Digest']}"

    def delete(self, digest: str) -> None:
        """Delete a manifest, given as `digest` does, and with it every tag that means it."""
        repository, _, name = digest.partition("@")
        with closing(http.client.HTTPConnection(self.address, timeout=_PATIENCE)) as registry:
            registry.request("DELETE", f"/v2/{repository.partition('/')[2]}/manifests/{name}")
            answer = registry.getresponse()
            assert answer.status == http.HTTPStatus.ACCEPTED, f"{digest}: {answer.read().decode()}"

    def identity(self, reference: str) -> str:
        """Give the image id of a local reference; empty when there is none."""
        found = self.engine.docker("images", "--quiet", "--no-trunc", reference).split()
        return found[0] if found else ""


@contextmanager
def running(engine: Engine) -> Iterator[Registry]:
    """Run a registry; container, volume and every image that names it go away again."""
    images.ensure(engine, ["registry"])
    name = f"cgtest-registry-{uuid.uuid4().hex[:8]}"
    words = ["--detach", "--name", name, "--publish=127.0.0.1::5000"]
    engine.docker("run", *words, "--env=REGISTRY_STORAGE_DELETE_ENABLED=true", _IMAGE)
    address = ""
    try:
        address = engine.docker("port", name, "5000/tcp").splitlines()[0]
        _answers(address)
        yield Registry(engine, name, address)
    finally:
        engine.docker("rm", "--force", "--volumes", name)
        _forget(engine, address)


def _answers(address: str) -> None:
    """Wait until the registry answers: the engine, refused, tries again after seconds only."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        with closing(http.client.HTTPConnection(address, timeout=_PATIENCE)) as asked:
            try:
                asked.request("GET", "/v2/")
                assert asked.getresponse().status == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise
            else:
                return
        time.sleep(0.1)


def _forget(engine: Engine, address: str) -> None:
    """Remove the registry's images from the engine: by id, some have lost their tag to a pull."""
    of_it = f"{address}/*/*"
    listed = engine.docker("images", "--quiet", "--no-trunc", of_it).split() if address else []
    if listed:
        engine.docker("rmi", "--force", *sorted(set(listed)), check=False)
