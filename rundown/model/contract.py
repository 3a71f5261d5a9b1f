"""`Contract`: what a run was started as. Written first; its digest is what the first event builds on."""

from msgspec import Struct

from rundown.model.sandbox import HostFacts, SandboxWish


class Contract(Struct, frozen=True, kw_only=True):
    """The frozen terms of one run.

    `at` and `expires_at` are UTC times in RFC 3339; `expires_at` None: never. `inputs` are non-secret
    values as JSON text by name. `runbook_path`: the file's real path, "" for standard input.
    `agents` names the kinds of agents that the run may use, sorted.
    """

    v: int = 1
    run_id: str
    at: str
    root: str
    rundown_version: str
    runbook_file: str
    runbook_path: str = ""
    runbook_digest: str
    policy_digest: str
    inputs: dict[str, str] = {}
    host: HostFacts
    isolation: SandboxWish = "default"
    agents: tuple[str, ...] = ()
    prompted: bool = False
    parent_run: str | None = None
    expires_at: str | None = None
