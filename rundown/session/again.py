"""Going on with a run: what must be given again, what changed meanwhile, what cannot go on."""

from rundown.errors import PersonNeededError
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import Runbook
from rundown.session.replay import Replayed
from rundown.session.run import Run
from rundown.session.values import Values, secret_names


def secrets_again(runbook: Runbook, given: Values) -> Values:
    """The secret inputs, which are on no record and must be given again."""
    names = secret_names(runbook)
    missing = sorted(name for name in names & set(runbook.front.required) if name not in given)
    if missing:
        raise PersonNeededError(
            *(
                Diagnostic(
                    code="session/secret-lost",
                    message=f"the secret input `{name}` must be given again",
                    why="secret values are on no record",
                    fix=f"--input {name}=VALUE, or RD_INPUT_{name} in the environment",
                )
                for name in missing
            )
        )
    return {name: value for name, value in given.items() if name in names}


def find_changes(run: Run, replayed: Replayed, policy_digest: str) -> tuple[str, ...]:
    runbook = run.opened.runbook.digest != replayed.started.runbook_digest
    policy = replayed.policy is not None and replayed.policy.digest != policy_digest
    return tuple(name for name, changed in (("runbook", runbook), ("policy", policy)) if changed)


def run_is_over(run_id: str, replayed: Replayed | None) -> Diagnostic:
    how = "never began" if replayed is None else f"is {replayed.state.lifecycle}"
    return Diagnostic(
        code="session/run-over",
        message=f"run {run_id} {how}: there is nothing to go on with",
        fix="start a new one: rundown run FILE",
    )


def does_not_fit(run_id: str) -> Diagnostic:
    return Diagnostic(
        code="session/runbook-does-not-fit",
        message=f"run {run_id} cannot go on: its events do not fit the runbook as it is now",
        fix="put the runbook back as it was, or start a new run",
    )
