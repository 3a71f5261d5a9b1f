"""One tool call of an agent, in the words that every adapter shares, and the answer to it."""

from typing import Literal

from msgspec import Struct

CallKind = Literal["exec", "read", "edit", "fetch", "mcp", "other"]


class Replacement(Struct, frozen=True, kw_only=True):
    """`old` becomes `new`, once or everywhere."""

    old: str
    new: str
    everywhere: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """What an edit would do to one file: `whole` is its new text; else `replacements` in order; else `diff`,
    a unified diff that the agent made itself."""

    path: str
    whole: str | None = None
    replacements: tuple[Replacement, ...] = ()
    diff: str = ""


class ToolCall(Struct, frozen=True, kw_only=True):
    """`id` is the adapter's own. `name`: what `tools:` rules match, `mcp:SERVER/TOOL` or `KIND:TOOL`.

    `command` for exec, `paths` as the agent wrote them for read and edit, `url` for fetch. `claim`: what the
    agent says of the call, its own words. `raw`: the request as it came, JSON text.
    """

    id: str
    kind: CallKind
    name: str
    command: str = ""
    cwd: str = ""
    paths: tuple[str, ...] = ()
    url: str = ""
    changes: tuple[Change, ...] = ()
    claim: str = ""
    raw: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "exec":
                return f"run {self.command}"
            case "read":
                return f"read {', '.join(self.paths)}"
            case "edit":
                return f"write {', '.join(self.paths)}"
            case "fetch":
                return f"fetch {self.url}"
            case "mcp" | "other":
                return f"use {self.name}"


class Permit(Struct, frozen=True, kw_only=True):
    """Allow or deny, for one call and nothing else. `reason` is told to the agent."""

    allowed: bool
    reason: str = ""


def refusal(what: str, why: str = "") -> Permit:
    """Returns a denial in the sentence that every agent is told."""
    tail = f" ({why})" if why else ""
    return Permit(
        allowed=False,
        reason=f"refused by policy: {what}{tail}. Do not work around it; "
        "if you cannot go on, end with RESULT: FAIL.",
    )
