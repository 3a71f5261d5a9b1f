"""Where an agent's process finds itself, and what is laid out for it there."""

from typing import Final

from msgspec import Struct

from rundown.agents.kinds import Api

DUMMY_KEY: Final = "rundown-holds-the-real-key"


class AgentPlace(Struct, frozen=True, kw_only=True):
    """`home` and `root` as the agent sees them; `gateway`: the base URL of its model's API on its loopback,
    "" without one; `key`: what it shows there in place of the real key."""

    home: str
    root: str
    api: Api | None = None
    gateway: str = ""
    key: str = DUMMY_KEY


class Furniture(Struct, frozen=True, kw_only=True):
    """`variables` of its own; `files` of its HOME, path below it and text."""

    variables: dict[str, str] = {}
    files: tuple[tuple[str, str], ...] = ()
