"""Gives each kind its side of the conversation."""

from rundown.agents.claude import ClaudeConversation
from rundown.agents.codex import CodexConversation
from rundown.agents.happening import Conversation
from rundown.agents.kinds import KINDS
from rundown.agents.launch import AgentLaunch


def open_conversation(launch: AgentLaunch, task: str, cwd: str) -> Conversation:
    """Returns our side of the protocol that this agent speaks; `cwd` is where it works."""
    match KINDS[launch.kind].protocol:
        case "claude":
            return ClaudeConversation(task)
        case "acp":
            from rundown.agents.acp import AcpConversation  # its library is an extra, and slow to import

            return AcpConversation(launch.kind, task, cwd)
        case "codex":
            return CodexConversation(task, cwd)
        case _:
            raise AssertionError("a script is not talked to")
