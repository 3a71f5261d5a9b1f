"""The few exceptions. Each says that this operation stopped, and carries what a person must read.

Problems in a person's file are values (`Diagnostic`), collected; they become an exception only where
an operation cannot go on with them. Exit codes: docs/errors.md.
"""

from rundown.model.diagnostic import Diagnostic


class RundownError(Exception):
    """This operation stopped. `exit_code` is what a front end ends with."""

    exit_code = 2

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(f"{item.code}: {item.message}" for item in diagnostics))
        self.diagnostics = diagnostics


class InvalidInputError(RundownError):
    """A runbook, a policy document or a command line is not valid."""

    exit_code = 2


class PolicyDeniedError(RundownError):
    """Policy refused."""

    exit_code = 3


class SandboxUnavailableError(RundownError):
    """The confinement that was asked for cannot be had."""

    exit_code = 4


class PersonNeededError(RundownError):
    """A person must act and none can be asked."""

    exit_code = 5


class RecordError(RundownError):
    """The log cannot be written, read, or does not verify."""

    exit_code = 6
