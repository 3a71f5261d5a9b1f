"""The shape of a policy document: the whole key table, as types.

One source of truth: decoding checks documents against these types, and the JSON Schema is made of them.
What an entry means is settled in `document.py`.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Pattern = Annotated[str, Meta(min_length=1, max_length=1024)]
Duration = Annotated[str, Meta(pattern=r"^(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$", description="like 10m or 1h30m")]
Size = Annotated[str, Meta(pattern=r"^\d+(\.\d+)?\s*(B|[KMGT]i?B?)?$", description="like 512MiB or 2GiB")]
Count = Annotated[int, Meta(ge=1)]
ModeName = Literal["prompted", "execute", "deny", "confined"]
NarrowMode = Literal["prompted", "deny"]
HostWord = Literal["pid", "net", "systemd", "journal", "unconfined"]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pattern with exceptions and a sentence that is shown when the entry decides."""

    pattern: Pattern
    except_: tuple[Pattern, ...] = field(default=(), name="except")
    reason: str = ""


class NetEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host in map form. `private: true` lets the name resolve to private addresses."""

    pattern: Pattern | UnsetType = UNSET
    host: Pattern | UnsetType = UNSET
    port: Annotated[int, Meta(ge=1, le=65535)] | UnsetType = UNSET
    private: bool = False
    except_: tuple[Pattern, ...] = field(default=(), name="except")
    reason: str = ""


class Lists(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is allowed, asked for and denied of one capability."""

    allow: tuple[Pattern | Entry, ...] = ()
    ask: tuple[Pattern | Entry, ...] = ()
    deny: tuple[Pattern | Entry, ...] = ()


class NetLists(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is allowed, asked for and denied of outbound connections."""

    allow: tuple[Pattern | NetEntry, ...] = ()
    ask: tuple[Pattern | NetEntry, ...] = ()
    deny: tuple[Pattern | NetEntry, ...] = ()


class ModeMap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to the unlisted, for each capability. Only `run` can be executed unasked."""

    run: ModeName | UnsetType = UNSET
    read: NarrowMode | UnsetType = UNSET
    write: NarrowMode | UnsetType = UNSET
    env: NarrowMode | UnsetType = UNSET
    net: NarrowMode | UnsetType = UNSET
    host: NarrowMode | UnsetType = UNSET


class LimitsForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Resource limits of a step, with units; `expiry` is of a whole run, from its start, pauses included."""

    timeout: Duration | UnsetType = UNSET
    memory: Size | UnsetType = UNSET
    pids: Count | UnsetType = UNSET
    cpu: Annotated[float, Meta(gt=0)] | UnsetType = UNSET
    file_size: Size | UnsetType = UNSET
    open_files: Count | UnsetType = UNSET
    output: Size | UnsetType = UNSET
    tmp: Size | UnsetType = UNSET
    expiry: Duration | UnsetType = UNSET


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules that hold for every runbook."""

    mode: ModeName | ModeMap | UnsetType = UNSET
    run: Lists = Lists()
    read: Lists = Lists()
    write: Lists = Lists()
    env: Lists = Lists()
    net: NetLists = NetLists()
    enforce_run: Literal["command", "tree"] | UnsetType = UNSET
    limits: LimitsForm = LimitsForm()


class Override(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules for the runbooks whose path below the project root matches `runbook`."""

    runbook: Pattern
    host: tuple[HostWord, ...] = ()


class ProjectGrant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Written by "always allow for the project". `runbook` absent: for every runbook."""

    type: Literal["run", "read", "write", "env", "net", "host", "tool"]
    pattern: Pattern
    scope: Literal["permanent"] = "permanent"
    runbook: Pattern | UnsetType = UNSET
    granted_at: str = ""


class Secret(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value named by its source, and to which runbooks and steps it is released, and how."""

    source: Annotated[str, Meta(pattern="^(env|file|keyring|command):.+$")]
    runbooks: tuple[Pattern, ...] = ()
    steps: tuple[Pattern, ...] = ()
    as_: Literal["env", "file", "header"] = field(default="env", name="as")


class Agent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for one kind of agent."""

    per_call: Literal["required", "best-effort"] = "required"
    budget_usd: Annotated[float, Meta(gt=0)] | UnsetType = UNSET


class OwnAgent(Agent, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which program the agent of the Agent Client Protocol is, word by word, and the model API it speaks."""

    command: Annotated[tuple[Pattern, ...], Meta(min_length=1)] | UnsetType = UNSET
    api: Literal["anthropic", "openai", "gemini"] | UnsetType = UNSET


AgentKind = Literal["claude", "codex", "gemini", "opencode", "goose", "acp", "llm", "text", "command", "mock"]


class Agents(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The agent that does steps which name none, and what holds for each kind."""

    default: AgentKind | UnsetType = UNSET
    claude: Agent | UnsetType = UNSET
    codex: Agent | UnsetType = UNSET
    gemini: Agent | UnsetType = UNSET
    opencode: Agent | UnsetType = UNSET
    goose: Agent | UnsetType = UNSET
    acp: OwnAgent | UnsetType = UNSET
    llm: Agent | UnsetType = UNSET
    text: Agent | UnsetType = UNSET
    command: Agent | UnsetType = UNSET
    mock: Agent | UnsetType = UNSET


class Tools(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Agents' tools by name."""

    allow: tuple[Pattern | Entry, ...] = ()
    deny: tuple[Pattern | Entry, ...] = ()


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy document of rundown. It is data, never code."""

    version: Literal[1] = 1
    extends: Literal["none"] | tuple[Pattern, ...] = ()
    default: Section = Section()
    overrides: tuple[Override, ...] = ()
    grants: tuple[ProjectGrant, ...] = ()
    secrets: dict[str, Secret] = {}
    agents: Agents = Agents()
    tools: Tools = Tools()
    backup: Literal["never", "agent", "always"] | UnsetType = UNSET
    notify: str | UnsetType = UNSET
    allow_bypass: bool = False
