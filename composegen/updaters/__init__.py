"""The list of updaters: a new one is a module and one line here."""

from __future__ import annotations

from composegen.updaters.none import NONE
from composegen.updaters.watchtower import WATCHTOWER

UPDATERS = {updater.name: updater for updater in (WATCHTOWER, NONE)}
