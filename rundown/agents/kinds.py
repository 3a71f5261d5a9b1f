"""The kinds of agents: what each can promise, which program it is, and which model API it speaks.

A kind that cannot show every call before it happens is refused where policy needs per-call checks.
"""

from typing import Final, Literal

from msgspec import Struct

Api = Literal["anthropic", "openai", "gemini"]


class Caps(Struct, frozen=True, kw_only=True):
    """`sees_every_call`: no tool of the agent's own runs unasked. `can_rewrite`: an answer may change the
    call. `fails_closed`: an unanswered or broken question is no leave."""

    sees_every_call: bool
    can_rewrite: bool
    fails_closed: bool


class Kind(Struct, frozen=True, kw_only=True):
    """`executable` is looked up on the PATH, "" where the fence names it. `apis`: those it can be pointed at,
    the first with a credential is taken. `protocol`: how it is talked to."""

    name: str
    protocol: Literal["script", "claude", "codex", "acp"]
    caps: Caps
    executable: str = ""
    arguments: tuple[str, ...] = ()
    apis: tuple[Api, ...] = ()
    parameters: frozenset[str] = frozenset()


_TALKING: Final = frozenset({"model", "max-turns", "budget-usd", "output"})
_MOCK: Final = frozenset({"file", "secret", "connect", "fail"})
_ALL: Final = Caps(sees_every_call=True, can_rewrite=True, fails_closed=True)
_ASKS: Final = Caps(sees_every_call=True, can_rewrite=False, fails_closed=True)
_SOME: Final = Caps(sees_every_call=False, can_rewrite=False, fails_closed=True)

KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            name="mock",
            protocol="script",
            caps=_ALL,
            parameters=_MOCK | _TALKING,
        ),
        Kind(name="command", protocol="script", caps=_ALL),
        Kind(
            name="claude",
            protocol="claude",
            caps=_ALL,
            executable="claude",
            apis=("anthropic",),
            parameters=_TALKING,
        ),
        Kind(
            name="codex",
            protocol="codex",
            caps=_ASKS,
            executable="codex",
            arguments=("app-server",),
            apis=("openai",),
            parameters=_TALKING,
        ),
        Kind(
            name="gemini",
            protocol="acp",
            caps=_ASKS,
            executable="gemini",
            arguments=("--acp",),
            apis=("gemini",),
            parameters=_TALKING,
        ),
        Kind(
            name="opencode",
            protocol="acp",
            caps=_ASKS,
            executable="opencode",
            arguments=("acp",),
            apis=("anthropic", "openai"),
            parameters=_TALKING,
        ),
        Kind(
            name="goose",
            protocol="acp",
            caps=_SOME,
            executable="goose",
            arguments=("acp",),
            apis=("anthropic", "openai"),
            parameters=_TALKING,
        ),
        Kind(
            name="acp",
            protocol="acp",
            caps=_SOME,
            apis=(),
            parameters=_TALKING | {"command", "api"},
        ),
    )
}
