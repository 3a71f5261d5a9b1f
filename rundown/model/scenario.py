"""Scenarios: what a runbook's front matter says should happen, decoded. Source: docs/format.md."""

from typing import Literal

from msgspec import Struct

Result = Literal["COMPLETE", "STOP"]


class ExpectedStep(Struct, frozen=True, kw_only=True):
    """A transition that must be seen; None: any. `origin` (`from`) is before it, `at` after."""

    runbook: str | None = None
    at: str | None = None
    origin: str | None = None
    action: str | None = None
    result: str | None = None
    command: str | None = None
    aggregated: bool | None = None


class ExpectedEntry(Struct, frozen=True, kw_only=True):
    """A unit that must be entered; None: any."""

    at: str | None = None
    description: str | None = None
    runbook: str | None = None


class ExpectedError(Struct, frozen=True, kw_only=True):
    """An error that must be seen; `error` matches as a substring. None: any."""

    code: str | None = None
    command: str | None = None
    error: str | None = None


class Scenario(Struct, frozen=True, kw_only=True):
    """Commands (at least one) in order, and what must come of them; `result` None: `errors` alone decide."""

    name: str
    commands: tuple[str, ...]
    result: Result | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    steps: tuple[ExpectedStep, ...] = ()
    entered: tuple[ExpectedEntry, ...] = ()
    errors: tuple[ExpectedError, ...] = ()
