"""What `rundown exec` would do, as data: decision, reasons, plan. Starts nothing, leaves nothing behind."""

from typing import Any

import msgspec

from rundown.model.policy import Allowed, Decision, NeedsPrompt, Ruling
from rundown.model.sandbox import StageFailure
from rundown.session.build import House, RunRef
from rundown.session.single import Typed, frozen


def explain_single(house: House, typed: Typed) -> dict[str, Any]:
    """Returns JSON values. `decision`: allow, ask or deny; `plan` is null unless it is allow and a sandbox
    can be had. Of variables there are the names alone."""
    house, request = frozen(house, typed)
    decision = house.desk.evaluate(request, house.desk.keeper.personal())
    found: dict[str, Any] = {
        "decision": _word(decision),
        "argv": list(request.argv),
        "cwd": request.cwd,
        "operations": [_ruling(ruling) for ruling in decision.rulings],
        "envelope": msgspec.to_builtins(decision.envelope) if isinstance(decision, Allowed) else None,
        "plan": None,
        "failure": None,
    }
    if isinstance(decision, Allowed):
        launcher = house.launcher(RunRef(run_id="exec", context_id="exec"), typed.terminal)
        planned = launcher.plan(decision, {})
        launcher.drop()
        if isinstance(planned, StageFailure):
            found["failure"] = msgspec.to_builtins(planned)
        else:
            plan: dict[str, Any] = msgspec.to_builtins(planned.plan)
            found["plan"] = {**plan, "env": [name for name, _ in planned.plan.env], "digest": planned.digest}
    return found


def _word(decision: Decision) -> str:
    if isinstance(decision, Allowed):
        return "allow"
    return "ask" if isinstance(decision, NeedsPrompt) else "deny"


def _ruling(ruling: Ruling) -> dict[str, Any]:
    return {
        "capability": ruling.operation.capability.value,
        "resource": ruling.operation.resource,
        "outcome": ruling.outcome.value,
        "why": ruling.why,
        "fix": msgspec.to_builtins(ruling.fix),
    }
