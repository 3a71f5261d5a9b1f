"""Which part of a runbook is to run: names of steps on the command line, as units of the runbook."""

import difflib

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Runbook, Target


def find_target(runbook: Runbook, name: str) -> Target:
    """Returns the step or substep that `name` means: `2`, `2.1`, `Clean`, `Clean.1`.

    Raises:
        InvalidInputError: there is none.
    """
    step, _, substep = name.partition(".")
    known = [item.id for item in runbook.steps]
    known += [f"{item.id}.{part.id}" for item in runbook.steps for part in item.substeps]
    if name in known:
        return Target(step=step, substep=substep or None)
    titles = {item.title.casefold(): item.id for item in runbook.steps}
    near = difflib.get_close_matches(name, known, n=1)
    near = near or [titles[title] for title in difflib.get_close_matches(name.casefold(), titles, n=1)]
    raise InvalidInputError(
        Diagnostic(
            code="session/no-such-step",
            message=f"{runbook.file} has no step `{name}`",
            why=f"its steps are {', '.join(known[:20])}{', …' if len(known) > 20 else ''}",
            fix=f"did you mean {near[0]}?" if near else "",
        )
    )
