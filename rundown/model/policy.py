"""Rules, layers, grants and decisions. Values only; who wins is settled in `rundown.policy.evaluate`."""

from enum import Enum
from typing import Literal

from msgspec import Struct

from rundown.model.diagnostic import Span
from rundown.model.request import Capability, ExecutionRequest, Operation

Mode = Literal["prompted", "execute", "deny", "confined"]


class Outcome(Enum):
    """What was decided for one operation."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class LayerKind(Enum):
    """Where a rule comes from."""

    SYSTEM = "system"
    FLAG = "flag"
    SESSION = "session"
    PERSONAL = "personal"
    PROJECT = "project"
    POLICY_FILE = "policy-file"
    USER = "user"
    TOOL = "tool"
    BUILTIN = "builtin"


class Rule(Struct, frozen=True, kw_only=True):
    """One entry of a list. `pattern` is as written, `exceptions` the `except` list, `reason` its sentence.

    `private` and `port` belong to net entries in map form.
    """

    capability: Capability
    verdict: Outcome
    pattern: str
    exceptions: tuple[str, ...] = ()
    reason: str = ""
    layer: LayerKind
    span: Span | None = None
    private: bool = False


class Limits(Struct, frozen=True, kw_only=True):
    """Resource limits of a step; None means not limited. Times in nanoseconds, sizes in bytes.
    `expiry_ns` is of a whole run."""

    timeout_ns: int | None = None
    memory_bytes: int | None = None
    pids: int | None = None
    cpu: float | None = None
    file_size_bytes: int | None = None
    open_files: int | None = None
    output_bytes: int | None = None
    tmp_bytes: int | None = None
    expiry_ns: int | None = None


class Layer(Struct, frozen=True, kw_only=True):
    """One policy document, decoded, its matching overrides and project grants appended.

    `source` is the path shown to people. `modes` holds only what the document says.
    """

    kind: LayerKind
    source: str
    rules: tuple[Rule, ...] = ()
    modes: dict[Capability, Mode] = {}
    enforce_run: Literal["command", "tree"] | None = None
    limits: Limits = Limits()
    cuts_off: bool = False
    host: tuple[str, ...] = ()


class Grant(Struct, frozen=True, kw_only=True):
    """An answer that is remembered. It lifts asks and nothing else.

    `pattern` "*" with `everything=True`: all of this type that is not denied. `digest`: for dynamic
    or unparseable text the digest of the block. `verdict` may be ALLOW or DENY.
    """

    capability: Capability
    pattern: str
    verdict: Outcome = Outcome.ALLOW
    scope: Literal["session", "personal", "permanent"] = "session"
    everything: bool = False
    resolved: str | None = None
    argv: tuple[str, ...] = ()
    digest: str | None = None


class Bypass(Struct, frozen=True, kw_only=True):
    """Flags that stand above or answer the rules."""

    allow_all: bool = False
    deny_all: bool = False
    yes: Literal["no", "executables", "all"] = "no"


class Ruleset(Struct, frozen=True, kw_only=True):
    """All layers of a run, most specific first (system beside them), frozen when the run starts."""

    system: Layer | None = None
    flags: Layer
    layers: tuple[Layer, ...]
    bypass: Bypass = Bypass()


class Fix(Struct, frozen=True, kw_only=True):
    """What would change an ask or a denial: the exact flag and the exact YAML line.

    `pattern`: the entry of the `allow` list alone; None if no entry of a document does it.
    """

    flag: str
    yaml: str
    pattern: str | None = None


class Ruling(Struct, frozen=True, kw_only=True):
    """What was decided for one operation, and by what: a rule, a grant, or the effective mode."""

    operation: Operation
    outcome: Outcome
    rule: Rule | None = None
    grant: Grant | None = None
    mode: Mode | None = None
    why: str = ""
    fix: Fix | None = None


class Envelope(Struct, frozen=True, kw_only=True):
    """What the sandbox opens for a step beyond its text: trees and names, allow minus deny.

    `read_allow`, `write_allow`: absolute patterns, each a literal path or `literal/**` (writes), or any
    glob (reads). `write_made`: those of `write_allow` that a person's document, flag or grant names, so
    that a missing tree is made before the step and removed after it if it stayed empty. `*_deny`: rules
    whose patterns are absolute or start with `**/`. `run_trees`: installations of allowed executables
    (real paths), read and execute. `programs`: real paths of every executable that rules allow by name or
    this request starts, which is all that `enforce_run: tree` lets run. `env`: variable names to pass.
    `protect`: what stays read-only. `compare`: files of which a part may change (`.git/config`, and project
    files that may hold a policy document): the rest is put back when the step has ended.
    """

    read_allow: tuple[str, ...] = ()
    write_allow: tuple[str, ...] = ()
    write_made: tuple[str, ...] = ()
    read_deny: tuple[Rule, ...] = ()
    write_deny: tuple[Rule, ...] = ()
    protect: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    run_trees: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    net: tuple[Rule, ...] = ()
    host: tuple[str, ...] = ()
    limits: Limits = Limits()
    enforce_run: Literal["command", "tree"] = "command"


class Allowed(Struct, frozen=True, kw_only=True):
    """Every operation of the request may happen. The only thing `plan_sandbox` takes."""

    request: ExecutionRequest
    rulings: tuple[Ruling, ...]
    envelope: Envelope


class NeedsPrompt(Struct, frozen=True, kw_only=True):
    """Nothing is denied, but a person must answer `asks` (in the order of the text)."""

    request: ExecutionRequest
    rulings: tuple[Ruling, ...]
    asks: tuple[Ruling, ...]


class Denied(Struct, frozen=True, kw_only=True):
    """At least one operation is denied; `denials` holds all of them, `rulings` everything decided."""

    request: ExecutionRequest
    rulings: tuple[Ruling, ...]
    denials: tuple[Ruling, ...]


Decision = Allowed | NeedsPrompt | Denied
