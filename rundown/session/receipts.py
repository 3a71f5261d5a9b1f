"""`Receipts`: signs what a run did, each time a process lets go of it. Never a reason to end otherwise.

The library that signs is loaded when there is something to sign.
"""

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from rundown.errors import RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.receipt import KEY_FILE
from rundown.policy.protect import SIGNING_KEY_VARIABLE
from rundown.record.issue import Signer, covers, issue_receipt
from rundown.session.run import Run
from rundown.session.surroundings import Surroundings

Warn = Callable[[Diagnostic], None]


class Receipts:
    """The receipts of one session. `warn` is told, once, what keeps one from being made."""

    def __init__(self, around: Surroundings, warn: Warn) -> None:
        self._around = around
        self._warn = warn
        self._has_warned = False

    def prepare(self) -> None:
        """Makes the user's key if there is none, so that it is off limits to the first step already."""
        is_given = bool(self._around.environ.get(SIGNING_KEY_VARIABLE))
        if not is_given and not os.path.lexists(self._around.config / KEY_FILE):
            self._key  # noqa: B018 - loading it makes it

    def issue(self, run: Run) -> Path | None:
        """Returns where the receipt of a run lies, up to the head of its log; None if there is none."""
        key = self._key
        if key is None:
            return None
        try:
            return issue_receipt(run.directory, run.log, key)
        except Exception as problem:  # whatever it is: the run ended as it did
            self._tell(problem)
            return None

    def complete(self, run: Run) -> Diagnostic | None:
        """Makes the receipt of a run that is over and whose process was killed before it could; says so."""
        if covers(run.directory, run.log.head) or self.issue(run) is None:
            return None
        return Diagnostic(
            code="session/receipt-made",
            severity="warning",
            message=f"run {run.directory.run_id} had no receipt of its end; it was made now",
            why="its process was killed when all was done",
        )

    @cached_property
    def _key(self) -> Signer | None:
        try:
            from rundown.record.sign import load_signing_key

            return load_signing_key(self._around.config, self._around.environ.get(SIGNING_KEY_VARIABLE))
        except Exception as problem:  # also a library that is not there, or broken
            self._tell(problem)
            return None

    def _tell(self, problem: Exception) -> None:
        if self._has_warned:
            return
        self._has_warned = True
        first = problem.diagnostics[0] if isinstance(problem, RundownError) and problem.diagnostics else None
        why = f"{first.message}: {first.why}" if first and first.why else first.message if first else ""
        self._warn(
            Diagnostic(
                code="session/no-receipt",
                severity="warning",
                message="no receipt could be made",
                why=why or f"{type(problem).__name__}: {problem}",
                fix=first.fix if first else "",
            )
        )
