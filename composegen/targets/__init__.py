"""The list of targets: a new one is a module and one line here."""

from __future__ import annotations

from composegen.targets.compose import COMPOSE

TARGETS = {COMPOSE.name: COMPOSE}
