"""Claude Code over its stdio control protocol: stream-json both ways, every call asked in `can_use_tool`.

Refuses to trust the agent's own settings: none are read, every tool is set to ask, MCP servers are those of
the command line (none), and a call that ran without having been asked for ends the step. The PreToolUse
callback is a second layer that only ever denies.
Source: `claude --help` and the messages of Claude Code 2.1.
"""

import json
from collections.abc import Iterator
from typing import Any

from rundown.agents.call import Change, Permit, Replacement, ToolCall
from rundown.agents.happening import Broken, Called, Ended, Happening, Noted, Said, Send, Spent, Turned

TOOLS = ("Bash", "Read", "Edit", "Write", "Glob", "Grep", "NotebookEdit")
_HOOK = "rundown"
_SETTINGS = '{"permissions":{"ask":["*"]},"disableAllHooks":true}'
_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}


def claude_argv(executable: str, parameters: dict[str, str]) -> tuple[str, ...]:
    """Returns the command line. Nothing of the person's or the project's settings is read."""
    argv = [executable, "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    argv += ["--permission-prompt-tool", "stdio", "--permission-mode", "default"]
    argv += ["--setting-sources", "", "--settings", _SETTINGS, "--strict-mcp-config"]
    argv += ["--tools", ",".join(TOOLS), "--disable-slash-commands", "--no-session-persistence"]
    for word, flag in (
        ("model", "--model"),
        ("max-turns", "--max-turns"),
        ("budget-usd", "--max-budget-usd"),
    ):
        if word in parameters:
            argv += [flag, parameters[word]]
    return tuple(argv)


def claude_environment(home: str) -> dict[str, str]:
    """Returns its own variables: a private configuration, and no traffic but the model's."""
    return {**_QUIET, "CLAUDE_CONFIG_DIR": f"{home}/.claude"}


class ClaudeConversation:
    """One turn with Claude Code: the task goes in, calls are answered, the result ends it."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._allowed: set[str] = set()
        self._waiting: dict[str, str] = {}
        self._messages: set[str] = set()

    def open(self) -> bytes:
        """Returns the registration of the callback, and the task."""
        hooks = {"PreToolUse": [{"matcher": None, "hookCallbackIds": [_HOOK]}]}
        start = {"subtype": "initialize", "hooks": hooks}
        message = {"role": "user", "content": self._task}
        return _line({"type": "control_request", "request_id": "start", "request": start}) + _line(
            {"type": "user", "message": message, "parent_tool_use_id": None, "session_id": "default"}
        )

    def receive(self, line: bytes) -> Iterator[Happening]:
        """Yields what one line means; one that is no message of the protocol breaks it."""
        try:
            message = json.loads(line)
            yield from self._message(message)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            yield Broken(reason=f"a message that is none of the protocol ({type(error).__name__})")

    def answer(self, call: ToolCall, permit: Permit) -> bytes:
        """Returns the answer to one `can_use_tool`; the input stays as the agent wrote it."""
        request = self._waiting.pop(call.id)
        if permit.allowed:
            self._allowed.add(call.id)
            response: dict[str, Any] = {"behavior": "allow", "updatedInput": json.loads(call.raw)}
        else:
            response = {"behavior": "deny", "message": permit.reason}
        return _reply(request, response)

    def _message(self, message: dict[str, Any]) -> Iterator[Happening]:
        match message["type"]:
            case "control_request":
                yield from self._asked(message["request_id"], message["request"])
            case "control_response":
                if message["response"]["subtype"] != "success":
                    yield Broken(reason=f"it refused to begin: {message['response'].get('error', '')}")
            case "assistant":
                yield from self._assistant(message["message"])
            case "user":
                yield from self._results(message["message"])
            case "result":
                yield from _result(message)
            case _:
                pass  # system, rate_limit_event, …: facts of the agent about itself

    def _asked(self, request_id: str, request: dict[str, Any]) -> Iterator[Happening]:
        match request["subtype"]:
            case "can_use_tool":
                call = read_call(request["tool_use_id"], request["tool_name"], request["input"])
                self._waiting[call.id] = request_id
                yield Called(call=call)
            case "hook_callback":
                yield Send(content=_reply(request_id, _second_layer(request["input"])))
            case other:
                error = {"subtype": "error", "request_id": request_id, "error": f"unsupported: {other}"}
                yield Send(content=_line({"type": "control_response", "response": error}))

    def _assistant(self, message: dict[str, Any]) -> Iterator[Happening]:
        if message["id"] not in self._messages:
            self._messages.add(message["id"])
            yield Turned()
        for block in message["content"]:
            if block["type"] == "text" and block["text"].strip():
                yield Said(text=block["text"])

    def _results(self, message: dict[str, Any]) -> Iterator[Happening]:
        """A result of a call that was not allowed means that something else let it through."""
        for block in message["content"] if isinstance(message["content"], list) else ():
            if block.get("type") != "tool_result":
                continue
            if block["tool_use_id"] not in self._allowed and not block.get("is_error"):
                yield Broken(reason="a tool ran that rundown had not allowed")


def read_call(call_id: str, tool: str, given: dict[str, Any]) -> ToolCall:
    """Returns a tool of Claude Code as a call; what is not known is decided by its name.

    Raises:
        KeyError: a known tool without what it is about.
    """
    raw = json.dumps(given)
    about: dict[str, Any]
    match tool:
        case "Bash":
            about = {"kind": "exec", "command": str(given["command"])}
        case "Read":
            about = {"kind": "read", "paths": (str(given["file_path"]),)}
        case "Glob" | "Grep":
            about = {"kind": "read", "paths": (str(given.get("path") or "."),)}
        case "Edit" | "Write" | "NotebookEdit":
            change = _change(tool, given)
            about = {"kind": "edit", "paths": (change.path,), "changes": (change,)}
        case "WebFetch":
            about = {"kind": "fetch", "url": str(given["url"])}
        case _ if tool.startswith("mcp__"):
            server, _, name = tool.removeprefix("mcp__").partition("__")
            return ToolCall(id=call_id, kind="mcp", name=f"mcp:{server}/{name}", raw=raw)
        case _:
            about = {"kind": "other"}
    claim = str(given.get("description") or "")
    return ToolCall(id=call_id, name=f"claude:{tool}", claim=claim, raw=raw, **about)


def _change(tool: str, given: dict[str, Any]) -> Change:
    if tool == "Write":
        return Change(path=str(given["file_path"]), whole=str(given["content"]))
    if tool == "NotebookEdit":
        source = str(given.get("new_source", ""))
        return Change(path=str(given["notebook_path"]), diff=f"(notebook cell)\n{source}")
    replacement = Replacement(
        old=str(given["old_string"]),
        new=str(given["new_string"]),
        everywhere=given.get("replace_all") is True,
    )
    return Change(path=str(given["file_path"]), replacements=(replacement,))


def _second_layer(asked: dict[str, Any]) -> dict[str, Any]:
    """Denies what was never offered; whatever else it is, `can_use_tool` decides."""
    tool = str(asked.get("tool_name", ""))
    if tool in TOOLS or tool.startswith("mcp__"):
        return {}
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": f"refused by policy: {tool} is not among the tools of this step",
        }
    }


def _result(message: dict[str, Any]) -> Iterator[Happening]:
    cost = message.get("total_cost_usd")
    if isinstance(cost, int | float):
        yield Spent(cost_usd=float(cost))
    for denied in message.get("permission_denials") or ():
        yield Noted(text=f"was refused {denied.get('tool_name', 'a tool')}")
    subtype = message["subtype"]
    if subtype == "success" and not message.get("is_error"):
        yield Ended()
    else:
        yield Ended(failure=_FAILURES.get(subtype) or str(message.get("result") or subtype))


_FAILURES = {
    "error_max_turns": "max-turns: it did not finish within its turns",
    "error_max_budget_usd": "budget-usd: it spent its budget",
}


def _reply(request_id: str, response: dict[str, Any]) -> bytes:
    inner = {"subtype": "success", "request_id": request_id, "response": response}
    return _line({"type": "control_response", "response": inner})


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=True).encode() + b"\n"
