"""What a request asks of the model's server, and what it may not ask: to reach further than the model.

Tools that the *server* runs (search, fetch, code, other MCP servers) and pictures or files that it is to
fetch by their URL would be a way out for whoever holds the gateway, so a request that names one is refused.
Names are compared as the most lenient server would: without case and underscores.
Source: the published references of the APIs of `model_api`, and of OpenRouter for what it adds to them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from rundown.egress.model_api import ApiName, ModelApi

# At the top of a request.
_REACHING: Final = {"mcpservers", "container", "websearchoptions", "prompt", "plugins"}
_REACHING_MODEL: Final = re.compile(r"-search-(?:preview|api)|:online$")
_URLS: Final = {"imageurl", "fileurl", "fileuri", "videourl", "audiourl"}
# Data of the client's own tools, and descriptions of data: any words may stand there.
_NOT_THE_SERVERS: Final = {"tools", "functioncall", "response", "schema", "responseschema", "metadata"}
_OWN_TYPES: Final = {"function", "custom", "local_shell", "apply_patch", "tool_search"}
_OWN_ANTHROPIC: Final = re.compile(r"(?:bash|text_editor|memory|computer)_\d+|custom|tool_search_tool.*")
_OWN_GEMINI: Final = {"functiondeclarations"}


class Refused(Struct, frozen=True, kw_only=True):
    """Why a body is not forwarded."""

    reason: str


class Asked(Struct, frozen=True, kw_only=True):
    """What a body asks for."""

    model: str = ""


def read_request(api: ModelApi, path: str, body: bytes) -> Asked | Refused:
    """Returns the model that a body names, or why it is not forwarded."""
    try:
        asked = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        twice = f"it says `{error}` twice" if isinstance(error, _TwiceError) else ""
        return Refused(reason=twice or "the body is no JSON")
    if not isinstance(asked, dict):
        return Refused(reason="the body is no JSON object")
    held = next((key for key, value in asked.items() if value and _plain(key) in _REACHING), None)
    if held is not None:
        return Refused(reason=f"`{held}` would let the model's server reach further")
    if (reason := next(_reaching(api.name, asked), None)) is not None:
        return Refused(reason=reason)
    model = asked.get("model")
    if not isinstance(model, str):
        found = re.search(r"/models/([^/:]+)", path)
        model = found.group(1) if found else ""
    if _REACHING_MODEL.search(model):
        return Refused(reason=f"model `{model[:100]}` searches by itself and may reach any host")
    return Asked(model=model[:200])


class _TwiceError(ValueError):
    """A name that stands twice in one object: readers differ in which of the values they take."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1)[:100])
    return found


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _reaching(api: ApiName, asked: dict[str, Any]) -> Iterator[str]:
    """Yields what the server would have to reach for this request, wherever it says so."""
    waiting: list[Any] = [asked]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            for key, item in value.items():
                name = _plain(key)
                if name == "tools":
                    yield from _server_tools(api, item)
                elif name in _URLS or name == "source":
                    yield from _address(key, item)
                of_its_tool = (api, name) == ("anthropic", "input") and _is_call(value)
                if name not in _NOT_THE_SERVERS and not of_its_tool:
                    waiting.append(item)


def _is_call(block: dict[str, Any]) -> bool:
    return str(block.get("type")).endswith("tool_use")


def _address(key: str, item: Any) -> Iterator[str]:
    given = {_plain(name): inner for name, inner in item.items()} if isinstance(item, dict) else {}
    address = given.get("url") if given else item
    if isinstance(address, str) and not address.lower().startswith("data:") and (given or key != "source"):
        yield f"`{key}` is a URL that the model's server would fetch"


def _server_tools(api: ApiName, tools: Any) -> Iterator[str]:
    """What is not known counts as a tool of the server. Some servers take one tool for a list of one."""
    for tool in tools if isinstance(tools, list) else (tools,) if tools else ():
        given = {_plain(key): value for key, value in tool.items()} if isinstance(tool, dict) else {}
        name = _server_tool(api, given)
        if name is not None or not given:
            yield f"tool `{name or '?'}` runs at the model's server and may reach any host"
        elif api != "gemini" and "tools" in given:
            yield from _server_tools(api, given["tools"])


def _server_tool(api: ApiName, tool: dict[str, Any]) -> str | None:
    """The name of a tool that the server itself would run."""
    if api == "gemini":
        return next((key for key in tool if key not in _OWN_GEMINI), None)
    kind = str(tool.get("type") or ("custom" if api == "anthropic" else "?"))
    if api == "anthropic":
        return None if _OWN_ANTHROPIC.fullmatch(kind) else kind
    if kind == "shell":
        place = tool.get("environment")
        return None if isinstance(place, dict) and place.get("type") == "local" else kind
    return None if kind in _OWN_TYPES or (kind == "namespace" and "tools" in tool) else kind
