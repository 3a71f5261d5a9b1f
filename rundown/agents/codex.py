"""Codex over `codex app-server`: one thread, one turn, every command and every patch approved for once.

The thread is `untrusted`, so that commands are asked for; Codex's own sandbox is off, ours is on. Only
`accept` and `decline` are ever answered.
Source: `codex app-server generate-json-schema` and the messages of Codex 0.169.
"""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rundown.agents.call import Change, Permit, ToolCall
from rundown.agents.happening import Broken, Called, Ended, Happening, Noted, Send, Turned
from rundown.agents.rpc import Notification, Request, Response, failure, notification, request, result
from rundown.agents.rpc_talk import RpcConversation

_COMMAND = "item/commandExecution/requestApproval"
_PATCH = "item/fileChange/requestApproval"
_DEEDS = {"commandExecution", "fileChange", "mcpToolCall", "dynamicToolCall", "webSearch", "imageView"}


class CodexConversation(RpcConversation):
    """One turn with Codex: handshake, thread, task, until it is completed."""

    def __init__(self, task: str, cwd: str, *, strict: bool = False) -> None:
        super().__init__(strict=strict)
        self._task = task
        self._cwd = cwd
        self._thread = ""
        self._items: dict[str, dict[str, Any]] = {}
        self._numbers: dict[str, Any] = {}

    def open(self) -> bytes:
        """Returns the handshake."""
        client = {"name": "rundown", "title": "rundown", "version": "1"}
        return request("initialize", "initialize", {"clientInfo": client})

    def answer(self, call: ToolCall, permit: Permit) -> bytes:
        """Returns the decision for this once."""
        self._settle(call.id, permit)
        return result(self._numbers.pop(call.id), {"decision": "accept" if permit.allowed else "decline"})

    def _requested(self, message: Request) -> Iterator[Happening]:
        if message.method not in (_COMMAND, _PATCH):
            yield Send(content=failure(message.id, f"{message.method} is not offered here"))
            return
        item = str(message.params["itemId"])
        known = {**self._items.get(item, {}), **message.params}
        call = _command(item, known) if message.method == _COMMAND else _patch(item, known)
        self._numbers[call.id] = message.id
        yield Called(call=call)

    def _told(self, message: Notification) -> Iterator[Happening]:
        match message.method:
            case "item/started":
                item = message.params["item"]
                self._items[str(item["id"])] = item
            case "item/completed":
                yield from self._completed(message.params["item"])
            case "thread/tokenUsage/updated":
                yield Turned()
            case "turn/completed":
                yield from self._ended(message.params["turn"])
            case "error":
                error = message.params.get("error") or {}
                yield Noted(text=f"error: {error.get('message', '')}")
            case _:
                pass

    def _completed(self, item: dict[str, Any]) -> Iterator[Happening]:
        kind = item.get("type")
        if kind == "agentMessage" and item.get("text"):
            yield self._say(str(item["text"]), whole=True)
        elif kind in _DEEDS and item.get("status", "completed") == "completed":
            yield from self._done(str(item["id"]), f"{kind} {item.get('command') or ''}".rstrip())

    def _answered(self, message: Response) -> Iterator[Happening]:
        match message.id:
            case "initialize":
                wanted = {
                    "cwd": self._cwd,
                    "approvalPolicy": "untrusted",
                    "sandbox": "danger-full-access",
                    "ephemeral": True,
                }
                yield Send(content=notification("initialized") + request("thread", "thread/start", wanted))
            case "thread":
                self._thread = str(message.result["thread"]["id"])
                yield Send(content=self._turn(self._task))
            case "turn":
                pass
            case _:
                yield Broken(reason="an answer to nothing that was asked")

    def _ended(self, turn: dict[str, Any]) -> Iterator[Happening]:
        if turn.get("status") == "completed":
            yield from self._stopped()
            return
        error = turn.get("error") or {}
        yield Ended(failure=str(error.get("message") or f"the turn ended: {turn.get('status')}"))

    def _turn(self, text: str) -> bytes:
        told = [{"type": "text", "text": text, "text_elements": []}]
        return request("turn", "turn/start", {"threadId": self._thread, "input": told})


def _command(item: str, known: dict[str, Any]) -> ToolCall:
    if (
        known.get("kind", "command") != "command"
    ):  # input for a program that runs already: not what it was asked for
        return ToolCall(id=item, kind="other", name=f"codex:{known['kind']}", raw=json.dumps(known))
    command = str(known["command"])
    return ToolCall(
        id=item,
        kind="exec",
        name="codex:exec",
        command=_unwrapped(command),
        cwd=str(known.get("cwd") or ""),
        claim=str(known.get("reason") or ""),
        raw=json.dumps(known),
    )


def _unwrapped(command: str) -> str:
    """The text that the shell is given, without the shell: that is what will run."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    shell = words[0].rpartition("/")[2] if words else ""
    return words[2] if len(words) == 3 and shell in ("bash", "sh") and words[1] in ("-lc", "-c") else command


def _patch(item: str, known: dict[str, Any]) -> ToolCall:
    changes = [part for part in known.get("changes") or () if isinstance(part, dict) and part.get("path")]
    paths = tuple(str(part["path"]) for part in changes)
    moved = (part["kind"].get("move_path") for part in changes if isinstance(part.get("kind"), dict))
    if not paths:  # what it is about was never told: decided by its name, which nothing allows by itself
        return ToolCall(id=item, kind="other", name="codex:patch", raw=json.dumps(known))
    return ToolCall(
        id=item,
        kind="edit",
        name="codex:patch",
        paths=tuple(dict.fromkeys((*paths, *(str(path) for path in moved if path)))),
        changes=tuple(Change(path=str(part["path"]), diff=str(part.get("diff") or "")) for part in changes),
        claim=str(known.get("reason") or ""),
        raw=json.dumps(known),
    )
