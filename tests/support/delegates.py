"""Claude Code in memory, on the bench: it makes calls, hears the answers, and says how it ended."""

import json
from pathlib import Path
from typing import Any

from rundown.model.event import Body
from rundown.session.crew import Crew
from tests.support.bench import Bench
from tests.support.fakes import ScriptedPrompter, TalkingLauncher
from tests.support.policies import rules

KEY = "sk-ant-real-key-0123456789"
CREW = Crew(environ={"ANTHROPIC_API_KEY": KEY}, find=lambda name: f"/usr/bin/{name}", chosen="claude")
TASK = "```agent claude\nFix it.\n```\n"
POLICY = 'default: {write: {allow: ["{repo}/dist/**"], ask: ["**/asked/**"]}}'


class Peer:
    """Claude Code that makes these calls, one after the other, and then gives its verdict."""

    def __init__(self, *calls: tuple[str, dict[str, Any]], says: str = "RESULT: PASS") -> None:
        self._calls = list(calls)
        self._says = says
        self.task = ""
        self.answers: list[dict[str, Any]] = []

    def __call__(self, line: str | None, say: Any) -> int | None:
        if line is None:
            return 0
        message = json.loads(line)
        if message["type"] == "user":
            self.task = message["message"]["content"]
        elif message["type"] == "control_response":
            self.answers.append(message["response"]["response"])
        else:
            return None
        if self._calls:
            tool, given = self._calls.pop(0)
            asked = {
                "subtype": "can_use_tool",
                "tool_name": tool,
                "input": given,
                "tool_use_id": f"t{len(self._calls)}",
            }
            say(json.dumps({"type": "control_request", "request_id": "r", "request": asked}))
        else:
            content = [{"type": "text", "text": self._says}]
            say(json.dumps({"type": "assistant", "message": {"id": "m", "content": content}}))
            say(json.dumps({"type": "result", "subtype": "success", "is_error": False}))
        return None


def bench(peer: Peer, folder: Path, prompter: ScriptedPrompter, text: str = TASK, **more: Any) -> Bench:
    """Returns a bench whose agent is this peer."""
    walls = more.pop("walls", None)
    return Bench(
        text,
        folder,
        launcher=TalkingLauncher(peer, walls),
        prompter=prompter,
        crew=more.pop("crew", CREW),
        ruleset=rules(POLICY),
        **more,
    )


def of(bodies: list[Body], kind: type[Body]) -> list[Any]:
    """Returns the facts of this kind."""
    return [body for body in bodies if isinstance(body, kind)]
