"""Put the images of the recipes into an engine; build them once per machine.

A label holds a digest of the recipe, so a changed recipe is built anew. What was built is
kept as a tarball: a second engine loads it in seconds. An image of the same name without
the label is somebody's real one, pulled or built, and is left alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

from tests.engine import apt, context
from tests.engine.places import EngineError, home, locked
from tests.engine.recipes import RECIPES, Recipe, chosen, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from tests.engine.engine import Engine

_LABEL = "composegen.test.recipe"


def ensure(
    engine: Engine, groups: Iterable[str] | None = None, tell: Callable[[str], None] | None = None
) -> list[str]:
    """See that the engine has the images of these groups; give the names of those made.

    Building takes minutes: `tell` is told of each image before it is made.
    """
    present = _present(engine)
    wanted = [r for r in chosen(tuple(groups or ())) if not r.only_for_building]
    missing = [r for r in wanted if not _satisfied(r, present)]
    if missing:
        with locked("images"):
            for recipe in missing:
                if tell:
                    tell(f"making {recipe.name}")
                _provide(engine, recipe)
    return [recipe.name for recipe in missing]


def build_variant(
    engine: Engine,
    tag: str,
    base: str,
    *,
    env: Mapping[str, str] | None = None,
    entrypoint: Sequence[str] | None = None,
    lines: Sequence[str] = (),
) -> str:
    """Make an image that differs from `base` in a few settings, and give its id.

    `lines` are further lines of its Dockerfile, such as a HEALTHCHECK or a LABEL.
    """
    text = [f"FROM {base}"]
    text += [f"ENV {key}={json.dumps(value)}" for key, value in (env or {}).items()]
    if entrypoint is not None:
        text.append(f"ENTRYPOINT {json.dumps(list(entrypoint))}")
    dockerfile = "\n".join([*text, *lines]) + "\n"
    return engine.docker("build", "--quiet", "--tag", tag, "-", stdin=dockerfile).strip()


def digest(recipe: Recipe) -> str:
    """What the image depends on, in one short word."""
    hashed = hashlib.sha256(repr(recipe).encode())
    source = context.source_folder(recipe)
    for path in sorted(source.rglob("*")) if source else []:
        if path.is_file():
            hashed.update(str(path.relative_to(source or path)).encode() + path.read_bytes())
    for name in _needs(recipe):
        hashed.update(digest(named(name)).encode())
    return hashed.hexdigest()[:16]


def _needs(recipe: Recipe) -> list[str]:
    """The recipes whose images this one is built from."""
    copied = [other.name for other in RECIPES if f"--from={other.name} " in recipe.dockerfile]
    return [recipe.base, *copied] if recipe.base else copied


def _provide(engine: Engine, recipe: Recipe) -> None:
    """Load the image, or build it and keep it, unless the engine has it."""
    if _satisfied(recipe, _present(engine)):
        return
    kept = home() / "images" / f"{recipe.slug}-{digest(recipe)}.tar"
    if kept.exists():
        engine.docker("load", "--quiet", "--input", str(kept))
        return
    for name in _needs(recipe):
        _provide(engine, named(name))
    _build(engine, recipe)
    if not recipe.only_for_building:
        _keep(engine, recipe, kept)


def _build(engine: Engine, recipe: Recipe) -> None:
    if not apt.usable():
        raise EngineError(
            f"{recipe.name} is missing, and can be built only on Debian, as root: "
            f"pull or build an image of this name"
        )
    installed = ""
    if recipe.base and recipe.packages:
        read = ("run", "--rm", "--network=none", "--entrypoint=cat", recipe.base, "/var/lib/dpkg/status")
        installed = engine.docker(*read)
    folder = context.prepare(recipe, installed)
    first = f"FROM {recipe.base}\n" if recipe.base else ""
    (folder / "Dockerfile").write_text(first + recipe.dockerfile)
    present = _present(engine)
    tags = [word for tag in recipe.tags if present.get(tag) != "" for word in ("--tag", tag)]
    label = f"{_LABEL}={digest(recipe)}"
    before = engine.docker("image", "ls", "--quiet", "--no-trunc", recipe.name).split()
    options = ("--network=none", "--no-cache", "--progress=plain", f"--label={label}")
    engine.docker("build", *options, *tags, str(folder))
    if before:
        engine.docker("image", "rm", *before, check=False)  # in use: then it stays
    shutil.rmtree(folder)


def _keep(engine: Engine, recipe: Recipe, kept: Path) -> None:
    kept.parent.mkdir(exist_ok=True)
    for old in kept.parent.glob(f"{recipe.slug}-*.tar"):
        old.unlink()
    new = kept.with_suffix(".new")
    engine.docker("save", "--output", str(new), *recipe.tags)
    new.rename(kept)


def _present(engine: Engine) -> dict[str, str]:
    """The digest in the label of each tag that the engine has; empty where there is none."""
    tags = [tag for recipe in RECIPES for tag in recipe.tags]
    form = "{{json .RepoTags}}\t{{json .Config.Labels}}"
    told = engine.docker("image", "inspect", "--format", form, *tags, check=False)
    found: dict[str, str] = {}
    for line in told.splitlines():
        names, tab, labels = line.partition("\t")
        if tab:
            mark = (json.loads(labels) or {}).get(_LABEL, "")
            found.update(dict.fromkeys(json.loads(names) or (), mark))
    return found


def _satisfied(recipe: Recipe, present: Mapping[str, str]) -> bool:
    if present.get(recipe.name) == "":
        return True
    return all(present.get(tag) in (digest(recipe), "") for tag in recipe.tags)
