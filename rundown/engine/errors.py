"""The one exception of the machine."""

from rundown.errors import RundownError


class EngineError(RundownError):
    """An event does not fit the state it was applied to; the state is untouched.

    Never a person's runbook being wrong (that ends the run with a code of its own), except for a jump
    to a place that is not there: its diagnostic is the one to show.
    """

    exit_code = 2
