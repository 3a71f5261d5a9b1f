"""Everything a run must have before it starts: its values, its required inputs, agents that exist."""

from datetime import UTC, datetime

from msgspec.structs import replace

from rundown.agents.launch import plan_agent
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import AgentBody, Runbook
from rundown.session.library import Opened
from rundown.session.run import Start
from rundown.session.surroundings import Surroundings
from rundown.session.values import Given, Values, gather_values, missing_inputs, secret_names


def prepare(
    opened: Opened, given: Given, around: Surroundings, *, prompted: bool, agent: str | None
) -> Start:
    """Returns how the run begins.

    Raises:
        InvalidInputError: a value is missing or not valid, or an agent step cannot be done.
    """
    runbook = opened.runbook
    if not prompted:
        require_agents(runbook, agent)
    builtins = builtin_values(runbook, around)
    values, problems = gather_values(runbook, replace(given, builtins=builtins))
    if problems:
        raise InvalidInputError(*problems)
    missing = missing_inputs(runbook, values)
    if missing:
        raise InvalidInputError(
            *(
                Diagnostic(
                    code="session/missing-required-vars",
                    message=f"MISSING_REQUIRED_VARS: input `{item.name}` has no value",
                    why=item.description or "the runbook requires it",
                    fix=f"--input {item.name}={'|'.join(item.options) or 'VALUE'}",
                )
                for item in missing
            )
        )
    return Start(values=values, secret=secret_names(runbook), prompted=prompted, agent=agent)


def require_agents(runbook: Runbook, agent: str | None) -> None:
    """Returns if every agent step of the runbook can be done by this version.

    Raises:
        InvalidInputError: with one problem for each step that cannot.
    """
    chosen = agent or runbook.front.agent
    plans = [plan_agent(body, chosen) for body in runbook.bodies() if isinstance(body, AgentBody)]
    problems = [plan for plan in plans if isinstance(plan, Diagnostic)]
    if problems:
        raise InvalidInputError(*problems)


def builtin_values(runbook: Runbook, around: Surroundings) -> Values:
    """Returns the built-in variables that do not change while the run goes; times are UTC."""
    now = datetime.fromtimestamp(around.now_ns() / 1e9, UTC)
    return {
        "Date": f"{now:%Y-%m-%d}",
        "DateTime": now.isoformat(timespec="seconds"),
        "Year": f"{now:%Y}",
        "Month": f"{now:%m}",
        "Day": f"{now:%d}",
        "WorkPath": ".rundown/work",
        "RunbookRef": runbook.file,
    }
