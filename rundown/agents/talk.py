"""Gives each kind its side of the conversation."""

from rundown.agents.claude import ClaudeConversation
from rundown.agents.codex import CodexConversation
from rundown.agents.happening import Conversation
from rundown.agents.kinds import KINDS
from rundown.agents.launch import AgentLaunch


def open_conversation(launch: AgentLaunch, task: str, cwd: str, *, strict: bool) -> Conversation:
    """Returns our side of the protocol that this agent speaks; `cwd` is where it works. `strict`: each of its
    calls must be asked about."""
    match KINDS[launch.kind].protocol:
        case "claude":
            return ClaudeConversation(task)
        case "acp":
            from rundown.agents.acp import AcpConversation  # its library is an extra, and slow to import

            return AcpConversation(launch.kind, task, cwd, strict=strict)
        case "codex":
            return CodexConversation(task, cwd, strict=strict)
        case _:
            raise AssertionError("a script is not talked to")
