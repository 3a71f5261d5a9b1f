"""What a step with `output=json` asks of its agent: one JSON object, kept with the run."""

import json
from collections.abc import Generator
from typing import Any

from msgspec.structs import replace

from rundown.agents.outputs import pick, read_answer
from rundown.agents.verdict import read_verdict
from rundown.model.event import ArtifactStored, Body, OutputCaptured
from rundown.model.runbook import AgentBody
from rundown.model.sandbox import ProcessResult
from rundown.session.tools import Attempt, Tools

_NONE = "output=json: there is no JSON object in the agent's last message"


def wants_object(attempt: Attempt) -> bool:
    """Whether the fence of this unit says `output=json`."""
    body = attempt.unit.body
    return isinstance(body, AgentBody) and ("output", "json") in body.parameters


def take_object(
    tools: Tools, attempt: Attempt, said: str, result: ProcessResult
) -> Generator[Body, None, ProcessResult]:
    """Keeps the object of an agent that came to its end, and hands on the unit's values from it. Returns the
    result, with that reason where there is none; an agent that says itself that it failed owes none."""
    if result.ending != "exited" or result.status != 0 or result.reason:
        return result
    answer = read_answer(said)
    if answer is None:
        verdict = read_verdict(said.encode("utf-8", "replace"))
        own = verdict is not None and verdict.result == "fail"
        return result if own else replace(result, reason=_NONE)
    yield _keep(tools, attempt, answer)
    for name, value in pick(answer, attempt.unit.outputs).items():
        yield OutputCaptured(position=attempt.position, name=name, value=json.dumps(value))
    return result


def _keep(tools: Tools, attempt: Attempt, answer: dict[str, Any]) -> ArtifactStored:
    text = json.dumps(answer, indent=2, ensure_ascii=False)
    stream = tools.redaction()
    file = tools.open_answer(attempt.position, attempt.number)
    # What is no character in itself is written as the escape that JSON has for it.
    file.write(stream.feed(text.encode("utf-8", "backslashreplace") + b"\n") + stream.flush())
    return ArtifactStored(
        position=attempt.position, file=file.name, digest=file.close(), title="answer of the agent"
    )
