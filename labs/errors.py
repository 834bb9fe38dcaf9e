"""Everything a lab can refuse, as one tree; each branch ends the command with its own exit code.

    LabError
    ├── UsageError            2   what was asked for does not exist or is not allowed
    ├── SynthError            3   the app did not give a cloud assembly
    ├── DeployError           4   the account did not take the assembly
    ├── RunError              5   a step could not be carried through
    └── LeftoversError        6   something outlived its stack

What facts/ refuses ends a command too: with 2 where something was asked for that no table holds, with 7
where a table itself is broken.

A check that does not hold is no error: the run goes on, is reported whole, and ends with code 1.
"""

from __future__ import annotations

from typing import ClassVar

CHECK_FAILED = 1
WRONG_USAGE = 2
BROKEN_TABLE = 7
INTERRUPTED = 130


class LabError(Exception):
    """The labs cannot do what was asked."""

    exit_code: ClassVar[int] = 5


class UsageError(LabError):
    """The command names something that does not exist or that is not allowed."""

    exit_code = WRONG_USAGE


class SynthError(LabError):
    """The app did not give a cloud assembly."""

    exit_code = 3


class DeployError(LabError):
    """The account did not take the assembly, or did not let go of it."""

    exit_code = 4


class RunError(LabError):
    """A step could not be carried through to its evidence."""

    exit_code = 5


class LeftoversError(LabError):
    """Something still exists after everything was destroyed."""

    exit_code = 6
