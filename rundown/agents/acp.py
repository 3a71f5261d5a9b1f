"""The Agent Client Protocol, our side of it: one session, one prompt, every permission asked for once.

Offers neither files nor terminals: the agent uses its own, inside its sandbox. Only `allow_once` and
`reject_once` are ever answered. A refusal has no reason in this protocol, so the reasons are told in a
further prompt when the agent stops.
"""

import json
from collections.abc import Iterator
from typing import Any

from acp import PROTOCOL_VERSION
from acp.schema import (
    AllowedOutcome,
    ClientCapabilities,
    DeniedOutcome,
    FileSystemCapabilities,
    InitializeRequest,
    NewSessionRequest,
    PromptRequest,
    RequestPermissionRequest,
    RequestPermissionResponse,
    TextContentBlock,
)
from pydantic import BaseModel, ValidationError

from rundown.agents.acp_call import merge_call, read_call
from rundown.agents.call import Permit, ToolCall
from rundown.agents.happening import Broken, Called, Ended, Happening, Noted, Said, Send
from rundown.agents.rpc import (
    NoMessageError,
    Notification,
    Request,
    Response,
    failure,
    read_message,
    request,
    result,
)
from rundown.agents.verdict import read_verdict

_MOST_REMINDERS = 3
_STOPPED = {
    "max_tokens": "its model ran out of tokens",
    "max_turn_requests": "max-turns: it did not finish within its turns",
    "refusal": "its model refused the task",
}


class AcpConversation:
    """One turn with an agent: initialize, a session where it works, the task, until it stops."""

    def __init__(self, kind: str, task: str, cwd: str) -> None:
        self._kind = kind
        self._task = task
        self._cwd = cwd
        self._session = ""
        self._known: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, tuple[Any, RequestPermissionRequest]] = {}
        self._answered: set[str] = set()
        self._untold: list[str] = []
        self._reminders = 0
        self._said = ""

    def open(self) -> bytes:
        """Returns the handshake."""
        files = FileSystemCapabilities(read_text_file=False, write_text_file=False)
        hello = InitializeRequest(
            protocol_version=PROTOCOL_VERSION,
            client_capabilities=ClientCapabilities(fs=files, terminal=False),
        )
        return request("initialize", "initialize", _plain(hello))

    def receive(self, line: bytes) -> Iterator[Happening]:
        """Yields what one line means; one that is no message breaks the protocol."""
        try:
            message = read_message(line)
        except NoMessageError as error:
            yield Broken(reason=str(error))
            return
        match message:
            case Request():
                yield from self._request(message)
            case Notification(method="session/update", params=params):
                yield from self._update(params.get("update"))
            case Notification():
                pass
            case Response():
                yield from self._response(message)

    def answer(self, call: ToolCall, permit: Permit) -> bytes:
        """Returns the one-time option that says the same; without such an option the request is cancelled."""
        number, asked = self._asked.pop(call.id)
        wanted = "allow_once" if permit.allowed else "reject_once"
        option = next((item.option_id for item in asked.options if item.kind == wanted), None)
        if not permit.allowed:
            self._untold.append(permit.reason)
        if option is None:
            outcome: AllowedOutcome | DeniedOutcome = DeniedOutcome(outcome="cancelled")
        else:
            outcome = AllowedOutcome(outcome="selected", option_id=option)
        return result(number, _plain(RequestPermissionResponse(outcome=outcome)))

    def _request(self, message: Request) -> Iterator[Happening]:
        if message.method != "session/request_permission":
            yield Send(content=failure(message.id, f"{message.method} is not offered here"))
            return
        try:
            asked = RequestPermissionRequest.model_validate(message.params)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            yield Send(content=result(message.id, {"outcome": {"outcome": "cancelled"}}))
            yield Broken(reason=f"a permission request that is none ({place})")
            return
        known = merge_call(self._known.get(asked.tool_call.tool_call_id, {}), message.params["toolCall"])
        self._known[asked.tool_call.tool_call_id] = known
        call = read_call(self._kind, f"{message.id}", known)
        self._asked[call.id] = (message.id, asked)
        self._answered.add(asked.tool_call.tool_call_id)
        yield Called(call=call)

    def _update(self, update: Any) -> Iterator[Happening]:
        if not isinstance(update, dict):
            return
        match update.get("sessionUpdate"):
            case "agent_message_chunk":
                text = update.get("content", {})
                text = text.get("text") if isinstance(text, dict) else None
                if isinstance(text, str) and text:
                    self._said += text
                    yield Said(text=text, whole=False)
            case "tool_call" | "tool_call_update":
                yield from self._seen(update)
            case _:
                pass

    def _seen(self, update: dict[str, Any]) -> Iterator[Happening]:
        """A call that is done and was never asked about is told: the sandbox alone held it."""
        number = str(update.get("toolCallId", ""))
        self._known[number] = merge_call(self._known.get(number, {}), update)
        if update.get("status") == "completed" and number not in self._answered:
            self._answered.add(number)
            yield Noted(text=f"did without asking: {read_call(self._kind, number, self._known[number])}")

    def _response(self, message: Response) -> Iterator[Happening]:
        if message.error:
            yield Ended(failure=f"{message.id}: {message.error}")
            return
        match message.id:
            case "initialize":
                wanted = NewSessionRequest(cwd=self._cwd, mcp_servers=[])
                yield Send(content=request("session", "session/new", _plain(wanted)))
            case "session":
                self._session = str(message.result.get("sessionId", ""))
                yield Send(content=self._prompt(self._task))
            case "prompt":
                yield from self._stopped(str(message.result.get("stopReason", "")))
            case _:
                yield Broken(reason="an answer to nothing that was asked")

    def _stopped(self, why: str) -> Iterator[Happening]:
        untold, self._untold = self._untold, []
        if untold and read_verdict(self._said.encode()) is None and self._reminders < _MOST_REMINDERS:
            self._reminders += 1
            yield Said(text="\n", whole=False)
            yield Send(content=self._prompt("\n".join(untold)))
            return
        yield Said(text="\n", whole=False)
        yield Ended(failure=_STOPPED.get(why, ""))

    def _prompt(self, text: str) -> bytes:
        wanted = PromptRequest(session_id=self._session, prompt=[TextContentBlock(type="text", text=text)])
        return request("prompt", "session/prompt", _plain(wanted))


def _plain(model: BaseModel) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(model.model_dump_json(by_alias=True, exclude_none=True))
    return plain
