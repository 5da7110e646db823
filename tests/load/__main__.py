"""`python -m tests.load URL --port N`: send a load, print its figures as JSON.

With `--limit`, requests go on after `--count` until standard input is closed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import select
import sys
from dataclasses import fields

from tests.load.client import Client
from tests.load.plan import Load


def main() -> int:
    """Run; 1 when a request was lost, 2 when the client itself was late."""
    load = _arguments()
    result = asyncio.run(Client(load).run(_closed))
    print(result, file=sys.stderr)  # noqa: T201 - it is a program
    print(result.json(), flush=True)  # noqa: T201 - it is a program
    if result.lost_count:
        return 1
    return 2 if result.late else 0


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _closed() -> bool:
    """Say whether whoever started us has closed our input."""
    return bool(select.select([0], [], [], 0)[0]) and os.read(0, 1) == b""


def _arguments() -> Load:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("url")
    for field in fields(Load):
        flag = "--" + field.name.replace("_", "-")
        if field.name == "url":
            continue
        if field.name == "methods":
            parser.add_argument(flag, type=lambda text: tuple(text.split(",")), default=field.default)
        elif field.type == "bool":
            parser.add_argument(flag, action="store_true")
        elif field.name == "port":
            parser.add_argument(flag, type=int, required=True)
        else:
            parser.add_argument(flag, type=type(field.default), default=field.default)
    return Load(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
