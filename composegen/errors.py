"""Environment faults: what is not the annotations' fault, with the exit code of each.

::

    ComposegenError           1
    +-- EngineRefused         1   the engine answered, and would not do it
    +-- UsageError            2   the command line asks for something impossible
    +-- EngineUnreachable     3   no Docker Engine answers
    +-- DeployFailed          4   the old release was kept
    +-- Locked                5   another deploy holds the lock
"""

from __future__ import annotations


class ComposegenError(Exception):
    """A fault with a message for the user and a hint what to do; never a traceback."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ComposegenError):
    """The command cannot be meant as it was typed."""

    exit_code = 2


class EngineUnreachable(ComposegenError):
    """No Docker Engine answered."""

    exit_code = 3


class EngineRefused(ComposegenError):
    """The engine, or a registry behind it, would not do what it was asked.

    ``what`` was to be done, ``reason`` is the engine's own word.
    """

    def __init__(self, what: str, reason: str, hint: str = "") -> None:
        super().__init__(f"{what}: {reason}", hint)
        self.what = what
        self.reason = reason


class DeployFailed(ComposegenError):
    """A deploy failed and the old release went on."""

    exit_code = 4


class Locked(ComposegenError):
    """Another deploy holds the project's lock."""

    exit_code = 5
