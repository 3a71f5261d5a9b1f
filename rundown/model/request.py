"""`ExecutionRequest`: the one thing that asks to run. Frozen once; everything after names its digest."""

from enum import Enum
from functools import cached_property
from typing import Literal

from msgspec import Struct

from rundown.model.diagnostic import Span
from rundown.model.digest import digest_value


class Capability(Enum):
    """What can be asked for. Source: docs/policy, the capability table."""

    RUN = "run"
    READ = "read"
    WRITE = "write"
    ENV = "env"
    NET = "net"
    HOST = "host"
    TOOL = "tool"


OperationKind = Literal["literal", "dynamic", "unparseable", "opaque", "wrapper", "escape"]


class Operation(Struct, frozen=True, kw_only=True):
    """One thing that a step's text is known to do, with the facts a decision needs.

    `resource` is as written (`curl`, `./x.sh`, `dist/a`, `HTTP_PROXY`, `<unparseable>`).
    `resolved`: the real path for run/read/write, None if there is none.
    `argv`: for run, the words of the simple command, None where a word is not literal; empty elsewhere.
    `span`: byte offsets (UTF-8, end exclusive) in the step's text; (0, 0) if it is not in the text.
    `kind`: for run, `escape` means that an argument lets it start another program or write a file; for
    env, that the text itself gives the variable its value (`LD_PRELOAD=x cmd`).
    `note`: why it is there ("started by xargs"), "" for the plain case.
    `directory`: where a relative path is taken from, as seen from the request's own directory ("": there);
    None if the text may have gone anywhere before, and for what runs on another machine or in a container.
    `safe_path`: for run by bare name: the PATH look-up ended at a file no step can write.
    """

    capability: Capability
    resource: str
    resolved: str | None = None
    kind: OperationKind = "literal"
    argv: tuple[str | None, ...] = ()
    span: tuple[int, int] = (0, 0)
    note: str = ""
    directory: str | None = ""
    safe_path: bool = True

    def __str__(self) -> str:
        return f"{self.capability.value} {self.resource}"


class ExecutionRequest(Struct, frozen=True, kw_only=True, dict=True):
    """A frozen wish to run one thing.

    `position` is the unit (`2.1`, in loops `2.3.1`; `exec` for `rundown exec`), `attempt` counts from 1.
    `argv` is what the launcher executes, whole, in order; for script kinds the text is its last word and
    also `text`. `cwd` is an absolute real path. `env_names` are sorted; no value of a variable and no
    secret enters a request. `bindings`: private variables that carry template values into the script, by
    name, each with the digest of its value; `references`: for each of them how it stands in `text`, and the
    placeholder that stands there in the runbook. `timeout_ns` None: no time-out of its own.
    """

    run_id: str
    position: str
    attempt: int
    kind: Literal["bash", "sh", "argv", "agent"]
    text: str
    argv: tuple[str, ...]
    cwd: str
    env_names: tuple[str, ...]
    operations: tuple[Operation, ...]
    span: Span | None = None
    interactive: bool = False
    host: tuple[str, ...] = ()
    confirm: str | None = None
    timeout_ns: int | None = None
    bindings: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()

    @cached_property
    def digest(self) -> str:
        """`sha256:…` over every field; one changed byte anywhere gives another digest."""
        return digest_value("rundown/request/1", self)

    def as_written(self, part: str) -> str:
        """Returns a part of `text` as its author wrote it: with placeholders, not with private variables."""
        for reference, placeholder in self.references:
            part = part.replace(reference, placeholder)
        return part
