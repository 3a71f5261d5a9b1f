"""`Wish`: what an invocation asks for, whatever command it is."""

from pathlib import Path

from msgspec import Struct

from rundown.model.sandbox import SandboxWish
from rundown.policy.flags import PolicyFlags


class Wish(Struct, frozen=True, kw_only=True):
    """The policy and sandbox flags of one invocation. Paths are as typed. `keep_tmp`: where the steps'
    private /tmp is copied to at the end. `timeout_ns`: for all of it together."""

    flags: PolicyFlags = PolicyFlags()
    policy_file: str | None = None
    non_interactive: bool = False
    interactive: bool = False
    sandbox: SandboxWish = "default"
    trust_project: bool = False
    root: Path | None = None
    runs_dir: Path | None = None
    keep_tmp: Path | None = None
    timeout_ns: int | None = None
    expires_ns: int | None = None
