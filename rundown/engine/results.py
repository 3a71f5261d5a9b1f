"""`Results`: what the units or iterations of one step have reported, and how several fold into one.

Two bit sets, so that a loop of ten thousand iterations costs no more at its end than at its start.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rundown.model.runbook import Outcome


class Results(Struct, frozen=True):
    """Recorded results by number (a substep's place from 0, an iteration from 1); bit n is number n."""

    passed: int = 0
    failed: int = 0

    def record(self, number: int, outcome: Outcome) -> "Results":
        """Returns these results with the one of `number` set, in place of an earlier one."""
        rest = self.drop(number)
        if outcome is Outcome.PASS:
            return replace(rest, passed=rest.passed | 1 << number)
        return replace(rest, failed=rest.failed | 1 << number)

    def drop(self, number: int) -> "Results":
        """Returns these results without the one of `number`, itself if there is none."""
        bit = 1 << number
        if not (self.passed | self.failed) & bit:
            return self
        return Results(self.passed & ~bit, self.failed & ~bit)

    def fold(self, mode: Literal["all", "any"] | None) -> Outcome:
        """Returns PASS if nothing failed ("all", None), or if something passed ("any").

        Nothing recorded folds to PASS under "all" and to FAIL under "any".
        """
        passed = bool(self.passed) if mode == "any" else not self.failed
        return Outcome.PASS if passed else Outcome.FAIL
