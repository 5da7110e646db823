"""What the app itself says it has executed, from its log."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_REQUEST = re.compile(r"\bREQ (?P<id>\S+) (?P<method>[A-Z]+) ")


def counted(lines: Iterable[str]) -> Counter[str]:
    """Count, per `METHOD id`, how often the app executed a request."""
    found = (_REQUEST.search(line) for line in lines)
    return Counter(f"{match['method']} {match['id']}" for match in found if match)
