"""The Agent Client Protocol, our side of it: one session, one prompt, every permission asked for once.

Offers neither files nor terminals: the agent uses its own, inside its sandbox. Only `allow_once` and
`reject_once` are ever answered.
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

from rundown.agents.acp_call import is_no_tool, merge_call, read_call
from rundown.agents.call import Permit, ToolCall
from rundown.agents.happening import Broken, Called, Ended, Happening, Send, Spoken
from rundown.agents.rpc import Notification, Request, Response, failure, request, result
from rundown.agents.rpc_talk import RpcConversation

_STOPPED = {
    "max_tokens": "its model ran out of tokens",
    "max_turn_requests": "max-turns: it did not finish within its turns",
    "refusal": "its model refused the task",
}


class AcpConversation(RpcConversation):
    """One turn with an agent: initialize, a session where it works, the task, until it stops."""

    def __init__(self, kind: str, task: str, cwd: str, *, strict: bool = False) -> None:
        super().__init__(strict=strict)
        self._kind = kind
        self._task = task
        self._cwd = cwd
        self._session = ""
        self._known: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, tuple[Any, RequestPermissionRequest]] = {}
        self._message = ""

    def open(self) -> bytes:
        """Returns the handshake."""
        files = FileSystemCapabilities(read_text_file=False, write_text_file=False)
        hello = InitializeRequest(
            protocol_version=PROTOCOL_VERSION,
            client_capabilities=ClientCapabilities(fs=files, terminal=False),
        )
        return request("initialize", "initialize", _plain(hello))

    def answer(self, call: ToolCall, permit: Permit) -> bytes:
        """Returns the one-time option that says the same; without such an option the request is cancelled."""
        number, asked = self._asked.pop(call.id)
        wanted = "allow_once" if permit.allowed else "reject_once"
        option = next((item.option_id for item in asked.options if item.kind == wanted), None)
        self._settle(asked.tool_call.tool_call_id, permit)
        if option is None:
            outcome: AllowedOutcome | DeniedOutcome = DeniedOutcome(outcome="cancelled")
        else:
            outcome = AllowedOutcome(outcome="selected", option_id=option)
        return result(number, _plain(RequestPermissionResponse(outcome=outcome)))

    def _requested(self, message: Request) -> Iterator[Happening]:
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
        yield from self._interrupted()
        yield Called(call=call)

    def _told(self, message: Notification) -> Iterator[Happening]:
        update = message.params.get("update") if message.method == "session/update" else None
        if not isinstance(update, dict):
            return
        match update.get("sessionUpdate"):
            case "agent_message_chunk":
                content = update.get("content")
                text = content.get("text") if isinstance(content, dict) else None
                if isinstance(text, str) and text:
                    yield from self._chunk(text, str(update.get("messageId") or ""))
            case "tool_call" | "tool_call_update":
                yield from self._seen(update)
            case _:
                pass

    def _chunk(self, text: str, message: str) -> Iterator[Happening]:
        # gemini numbers no messages, and tells nothing of a call for a tool that it has not.
        if message != self._message or text.startswith("RESULT:"):
            self._message = message
            yield from self._end_line()
        yield self._say(text, whole=False)

    def _interrupted(self) -> Iterator[Happening]:
        """A call ends a message, for agents that do not number their messages."""
        if not self._message:
            yield from self._end_line()

    def _end_line(self) -> Iterator[Happening]:
        if self._said and not self._said.endswith("\n"):
            self._said += "\n"
            yield Spoken()

    def _seen(self, update: dict[str, Any]) -> Iterator[Happening]:
        number = str(update.get("toolCallId", ""))
        known = self._known[number] = merge_call(self._known.get(number, {}), update)
        yield from self._interrupted()
        if update.get("status") == "completed" and not is_no_tool(self._kind, known):
            yield from self._done(number, read_call(self._kind, number, known))

    def _answered(self, message: Response) -> Iterator[Happening]:
        match message.id:
            case "initialize":
                wanted = NewSessionRequest(cwd=self._cwd, mcp_servers=[])
                yield Send(content=request("session", "session/new", _plain(wanted)))
            case "session":
                self._session = str(message.result.get("sessionId", ""))
                yield Send(content=self._turn(self._task))
            case "prompt":
                yield from self._end_line()
                why = _STOPPED.get(str(message.result.get("stopReason", "")))
                yield from self._stopped() if why is None else (Ended(failure=why),)
            case _:
                yield Broken(reason="an answer to nothing that was asked")

    def _turn(self, text: str) -> bytes:
        wanted = PromptRequest(session_id=self._session, prompt=[TextContentBlock(type="text", text=text)])
        return request("prompt", "session/prompt", _plain(wanted))


def _plain(model: BaseModel) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(model.model_dump_json(by_alias=True, exclude_none=True))
    return plain
