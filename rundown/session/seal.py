"""One request, one digest: what was frozen, shown, decided and planned must be the very same thing."""

from rundown.errors import RundownError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import digest_value
from rundown.model.policy import Allowed
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import SandboxPlan
from rundown.session.request import binding_digest


def check_seal(asked: ExecutionRequest, allowed: Allowed, plan: SandboxPlan, salt: str = "") -> None:
    """Returns if decision and plan are about `asked`, byte for byte; digests are computed anew here.
    `salt` is that of the digests of template values.

    Raises:
        RundownError: one of them is about something else. The command must not run.
    """
    digest = digest_value("rundown/request/1", asked)
    if digest != asked.digest:
        raise _broken("the request was changed after it was frozen")
    if digest_value("rundown/request/1", allowed.request) != digest:
        raise _broken("the decision is about another request")
    given = dict(plan.env)
    for name, wanted in asked.bindings:
        if binding_digest(salt, name, given.get(name, "")) != wanted:
            raise _broken(f"the value of {name} was changed after it was frozen")
    if plan.request_digest != digest or plan.argv != asked.argv or plan.cwd != asked.cwd:
        raise _broken("the plan is about another request")


def _broken(why: str) -> RundownError:
    return RundownError(
        Diagnostic(
            code="session/seal-broken",
            message="what would run is not what was decided",
            why=why,
            fix="this is a defect of rundown; nothing was run",
        )
    )
