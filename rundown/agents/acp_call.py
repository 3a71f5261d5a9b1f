"""A tool call of the Agent Client Protocol in our words. Agents differ in where they say what it is about.

Source: the protocol's schema; what opencode 1.18 and gemini-cli 0.61 send.
"""

import json
import shlex
from typing import Any

from rundown.agents.call import Change, ToolCall

_PATHS = ("filePath", "filepath", "file_path", "path", "dir_path", "absolute_path", "notebook_path")


def merge_call(known: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Returns what is known of a call by now: a later message says less, and takes nothing back."""
    merged = {**known, **{key: value for key, value in told.items() if value not in (None, [], {}, "")}}
    inputs = [part.get("rawInput") for part in (known, told)]
    merged["rawInput"] = {
        key: value for part in inputs if isinstance(part, dict) for key, value in part.items()
    }
    return merged


def read_call(agent: str, number: str, told: dict[str, Any]) -> ToolCall:
    """Returns the call; one that does not say what it is about is decided by its name."""
    raw = told["rawInput"] if isinstance(told.get("rawInput"), dict) else {}
    title = str(told.get("title") or "")
    rest: dict[str, Any] = {"id": number, "claim": _claim(told, raw), "raw": json.dumps(told)}
    tool = _tool(agent, told) or title[:100] or told.get("kind") or "tool"
    rest["name"] = f"{agent}:{tool}"
    match told.get("kind"):
        case "execute" if command := _command(raw) or title:
            return ToolCall(kind="exec", command=command, cwd=str(raw.get("cwd") or ""), **rest)
        case "read" if paths := _paths(told, raw):
            return ToolCall(kind="read", paths=paths, **rest)
        case "search" if "web" not in tool:
            return ToolCall(kind="read", paths=_paths(told, raw) or (".",), **rest)
        case "edit" | "delete" | "move" if paths := _paths(told, raw):
            return ToolCall(kind="edit", paths=paths, changes=_changes(told), **rest)
        case "fetch" if isinstance(raw.get("url"), str):
            return ToolCall(kind="fetch", url=raw["url"], **rest)
        case _:
            return ToolCall(kind="other", **rest)


def is_no_tool(agent: str, told: dict[str, Any]) -> bool:
    """Whether this only says that the model named a tool which the agent has not."""
    return agent == "opencode" and told.get("title") == "Invalid Tool"


def _tool(agent: str, told: dict[str, Any]) -> str:
    """The tool's own name, which gemini has in the number of a call: `read_file__read_file_1795_0`."""
    number = told.get("toolCallId")
    return number.partition("__")[0] if agent == "gemini" and isinstance(number, str) else ""


def _command(raw: dict[str, Any]) -> str:
    command = raw.get("command")
    if isinstance(command, list) and all(isinstance(word, str) for word in command):
        return shlex.join(command)
    return command if isinstance(command, str) else ""


def _paths(told: dict[str, Any], raw: dict[str, Any]) -> tuple[str, ...]:
    """Every path that any part of it names: the strictest of them decides."""
    found = [raw.get(key) for key in _PATHS]
    for key in ("locations", "content"):
        items = told.get(key) if isinstance(told.get(key), list) else ()
        found += [item.get("path") for item in items or () if isinstance(item, dict)]
    return tuple(dict.fromkeys(path for path in found if isinstance(path, str) and path))


def _changes(told: dict[str, Any]) -> tuple[Change, ...]:
    items = told.get("content")
    return tuple(
        Change(path=str(item["path"]), whole=str(item.get("newText", "")))
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and item.get("type") == "diff" and isinstance(item.get("path"), str)
    )


def _claim(told: dict[str, Any], raw: dict[str, Any]) -> str:
    said = raw.get("description")
    if isinstance(said, str) and said:
        return said
    items = told.get("content")
    texts = (
        item["content"].get("text")
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(item.get("content"), dict)
    )
    return next((text for text in texts if isinstance(text, str) and text), "")
