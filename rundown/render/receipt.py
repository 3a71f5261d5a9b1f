"""What a receipt that holds says, for a person."""

from rundown.model.receipt import Predicate
from rundown.render.escape import visible
from rundown.render.style import Style

MEANINGS = {
    "software-key": "the key lies on the machine that ran the steps: who controls it controls the receipt",
    "not-confined": "the run was started without a sandbox",
    "results-reported-by-person": "commands were shown, not run; results are what was reported",
    "gaps": "not everything that policy asks was enforced",
    "resumed": "the run was paused or interrupted, and went on",
    "in-doubt": "nobody saw how this step's process ended",
    "changes-unseen": "what changed there was not looked at",
    "unknown-event": "the log holds facts that this version cannot read",
}
"""What each disclosure of a receipt means, by its first word."""


def render_receipt(
    predicate: Predicate, style: Style, *, signed_by: str, log_checked: bool, files_checked: bool
) -> str:
    """Returns the lines about a receipt that holds, ending in a line end."""
    log = f"{predicate.log.count} events" if log_checked else "not looked at: --log FILE does"
    outputs = "all as they were written" if files_checked else "not looked at: they are not beside the log"
    runner = predicate.runner
    facts = {
        "run": predicate.run_id,
        "status": f"{predicate.status} ({predicate.exit_class})"
        + (f": {predicate.message}" if predicate.message else ""),
        "time": f"{_time(predicate.started_at)} to {_time(predicate.ended_at)} UTC",
        "runner": f"rundown {runner.rundown} on Linux {runner.kernel} {runner.machine}",
        "sandbox": runner.isolation,
        "steps": f"{len(predicate.steps)}, {len(predicate.changes)} files changed",
        "signed by": signed_by,
        "log": log,
        "output": outputs,
    }
    lines = [style.paint(f"{style.sign('pass')} the receipt holds", "green", "bold")]
    lines += [f"  {name:<10} {visible(text)}" for name, text in facts.items()]
    lines += [f"  {'note':<10} {visible(word)}: {_meaning(word)}" for word in predicate.disclosures]
    return "\n".join(lines) + "\n"


def _meaning(word: str) -> str:
    return MEANINGS.get(word.split(" ", 1)[0], "see docs/receipts.md")


def _time(text: str) -> str:
    return text[:19].replace("T", " ")
