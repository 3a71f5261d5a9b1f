"""`require_sandbox`: whether anything may run on this host under the sandbox that was asked for."""

from rundown.errors import PolicyDeniedError, SandboxUnavailableError
from rundown.model.diagnostic import Diagnostic
from rundown.model.sandbox import HostFacts
from rundown.sandbox.tiers import lacks
from rundown.session.wish import Wish


def require_sandbox(host: HostFacts, wish: Wish, *, bypass_allowed: bool) -> None:
    """Returns if a sandbox of the kind asked for can be had at all, or may be done without.

    Raises:
        PolicyDeniedError: no sandbox was asked for, and the system's document does not allow that.
        SandboxUnavailableError: neither namespaces nor Landlock, or something is missing and the
            strict sandbox was asked for.
    """
    if wish.sandbox == "none" and not bypass_allowed:
        raise PolicyDeniedError(
            Diagnostic(
                code="sandbox/bypass-refused",
                message="steps may not run unconfined on this host",
                why="the system's policy document does not say `allow_bypass: true`",
                fix="leave --no-sandbox out",
            )
        )
    mismatch = Diagnostic(
        code="session/capability-mismatch",
        message=f"capability mismatch: this host lacks the isolation that is asked for ({wish.sandbox})",
        why="the contract of a run names its isolation; without it nothing starts",
    )
    walls = host.user_namespaces or host.namespaces_as_root or host.landlock_abi > 0 or host.seatbelt
    if wish.sandbox == "default" and not walls:
        raise SandboxUnavailableError(
            mismatch,
            Diagnostic(
                code="sandbox/none",
                message="this host can confine nothing: neither user namespaces nor Landlock work",
                why="; ".join(gap.message for gap in host.problems),
                fix="`rundown doctor` says how to get them; --sandbox=best applies what there is",
            ),
        )
    lacking = lacks(host)
    if wish.sandbox == "strict" and lacking:
        raise SandboxUnavailableError(
            mismatch,
            *(
                Diagnostic(code=gap.code, message=gap.message, why="--sandbox-strict", fix=gap.remedy)
                for gap in lacking
            ),
        )
