"""Load for tests: so many requests a second, whatever the answers take, and who was lost.

An open loop: a slow answer delays no other request, so what a closed loop would hide is
seen. The client runs in a process of its own (`start`), because a test that waits in the
same interpreter would delay it; it measures its own lag all the same, and a run in which
the client was late says nothing about the server.
"""

from tests.load.plan import Load
from tests.load.process import Running, start
from tests.load.result import AGAIN_WHEN_LATE, Lost, Result, TooBusyError, measured

__all__ = ["AGAIN_WHEN_LATE", "Load", "Lost", "Result", "Running", "TooBusyError", "measured", "start"]
