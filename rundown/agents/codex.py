"""Codex over `codex app-server`: one thread, one turn, every command and every patch approved for once.

The thread is `untrusted`, so that commands are asked for; Codex's own sandbox is off, ours is on. Only
`accept` and `decline` are ever answered. A refusal has no reason in this protocol: the reasons are told in a
further turn when the agent stops.
Source: `codex app-server generate-json-schema` and the messages of Codex 0.169.
"""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rundown.agents.call import Change, Permit, ToolCall
from rundown.agents.happening import Broken, Called, Ended, Happening, Noted, Said, Send, Turned
from rundown.agents.rpc import (
    NoMessageError,
    Notification,
    Request,
    Response,
    failure,
    notification,
    read_message,
    request,
    result,
)
from rundown.agents.verdict import read_verdict

_COMMAND = "item/commandExecution/requestApproval"
_PATCH = "item/fileChange/requestApproval"
_MOST_REMINDERS = 3


class CodexConversation:
    """One turn with Codex: handshake, thread, task, until it is completed."""

    def __init__(self, task: str, cwd: str) -> None:
        self._task = task
        self._cwd = cwd
        self._thread = ""
        self._items: dict[str, dict[str, Any]] = {}
        self._numbers: dict[str, Any] = {}
        self._asked: set[str] = set()
        self._untold: list[str] = []
        self._reminders = 0
        self._said = ""

    def open(self) -> bytes:
        """Returns the handshake."""
        client = {"name": "rundown", "title": "rundown", "version": "1"}
        return request("initialize", "initialize", {"clientInfo": client})

    def receive(self, line: bytes) -> Iterator[Happening]:
        """Yields what one line means; one that is no message breaks the protocol."""
        try:
            message = read_message(line)
            match message:
                case Request():
                    yield from self._request(message)
                case Notification():
                    yield from self._told(message)
                case Response():
                    yield from self._response(message)
        except NoMessageError as error:
            yield Broken(reason=str(error))
        except (KeyError, TypeError, AttributeError) as error:
            yield Broken(reason=f"a message that is none of the protocol ({type(error).__name__})")

    def answer(self, call: ToolCall, permit: Permit) -> bytes:
        """Returns the decision for this once."""
        if not permit.allowed:
            self._untold.append(permit.reason)
        return result(self._numbers.pop(call.id), {"decision": "accept" if permit.allowed else "decline"})

    def _request(self, message: Request) -> Iterator[Happening]:
        if message.method not in (_COMMAND, _PATCH):
            yield Send(content=failure(message.id, f"{message.method} is not offered here"))
            return
        item = str(message.params["itemId"])
        known = {**self._items.get(item, {}), **message.params}
        self._asked.add(item)
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
                yield from self._stopped(message.params["turn"])
            case "error":
                error = message.params.get("error") or {}
                yield Noted(text=f"error: {error.get('message', '')}")
            case _:
                pass

    def _completed(self, item: dict[str, Any]) -> Iterator[Happening]:
        match item.get("type"):
            case "agentMessage" if item.get("text"):
                self._said += str(item["text"]) + "\n"
                yield Said(text=str(item["text"]))
            case "commandExecution" | "fileChange" | "mcpToolCall" | "webSearch" as kind:
                if item["id"] not in self._asked and item.get("status") == "completed":
                    yield Noted(text=f"did without asking: {kind} {item.get('command') or ''}".rstrip())
            case _:
                pass

    def _response(self, message: Response) -> Iterator[Happening]:
        if message.error:
            yield Ended(failure=f"{message.id}: {message.error}")
            return
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

    def _stopped(self, turn: dict[str, Any]) -> Iterator[Happening]:
        untold, self._untold = self._untold, []
        if turn.get("status") == "completed":
            if untold and read_verdict(self._said.encode()) is None and self._reminders < _MOST_REMINDERS:
                self._reminders += 1
                yield Send(content=self._turn("\n".join(untold)))
            else:
                yield Ended()
            return
        error = turn.get("error") or {}
        yield Ended(failure=str(error.get("message") or f"the turn ended: {turn.get('status')}"))

    def _turn(self, text: str) -> bytes:
        told = [{"type": "text", "text": text, "text_elements": []}]
        return request("turn", "turn/start", {"threadId": self._thread, "input": told})


def _command(item: str, known: dict[str, Any]) -> ToolCall:
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
