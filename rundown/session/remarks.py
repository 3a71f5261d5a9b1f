"""What is said of how a single command ended, beyond its code: which limit ended it, what went with it."""

from collections.abc import Iterator

from rundown.model.diagnostic import Diagnostic
from rundown.model.sandbox import ProcessResult, SandboxPlan
from rundown.render.duration import render_duration, render_size


def remark_on(result: ProcessResult, plan: SandboxPlan) -> Iterator[Diagnostic]:
    """Yields a warning for each thing that its own output does not tell; `plan` says what the limits were."""
    if result.reason:
        yield _remark(result.reason)
    elif result.ending == "timed-out" and plan.timeout_ns is not None:
        limit = render_duration(plan.timeout_ns)
        yield _remark(f"it was ended after {limit}, its limit of time", "limits: {timeout: …}")
    elif result.ending == "out-of-memory" and plan.memory_bytes is not None:
        limit = render_size(plan.memory_bytes)
        yield _remark(f"it was ended at {limit}, its limit of memory", "limits: {memory: …}")
    if result.left_behind:
        noun = "process" if result.left_behind == 1 else "processes"
        yield _remark(f"{result.left_behind} background {noun} ended with the command")


def _remark(message: str, fix: str = "") -> Diagnostic:
    mend = f"in .rundownrc.yaml: default: {{{fix}}}" if fix else ""
    return Diagnostic(code="sandbox/ended", message=message, fix=mend, severity="warning")
