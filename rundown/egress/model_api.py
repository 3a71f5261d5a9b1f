"""The model APIs that a gateway serves: methods and paths, and what a request may not ask of the server.

No file or upload paths. Tools that the *server* runs (search, fetch, code, other MCP servers) would be a way
out for whoever holds the gateway, so a request that names one is refused.
Source: the published references of the Anthropic Messages, OpenAI Responses and Chat Completions, and Gemini
`generateContent` APIs.
"""

import json
import re
from typing import Any, Final, Literal

from msgspec import Struct

ApiName = Literal["anthropic", "openai", "gemini"]


class ModelApi(Struct, frozen=True, kw_only=True):
    """`routes`: method and path (whole, without query). `spends`: paths whose answers cost tokens."""

    name: ApiName
    host: str
    routes: tuple[tuple[str, re.Pattern[str]], ...]
    spends: re.Pattern[str]

    def allows(self, method: str, path: str) -> bool:
        """Whether the gateway forwards this at all."""
        return any(method == one and pattern.fullmatch(path) for one, pattern in self.routes)


def _api(name: ApiName, host: str, spends: str, *routes: tuple[str, str]) -> ModelApi:
    return ModelApi(
        name=name,
        host=host,
        spends=re.compile(spends),
        routes=tuple((method, re.compile(path)) for method, path in routes),
    )


_ID: Final = r"[A-Za-z0-9][A-Za-z0-9._:@-]*"
_GENERATE: Final = rf"/v1(?:beta)?/models/{_ID}:(?:generateContent|streamGenerateContent)"

APIS: Final = {
    "anthropic": _api(
        "anthropic",
        "api.anthropic.com",
        r"/v1/messages",
        ("POST", r"/v1/messages"),
        ("POST", r"/v1/messages/count_tokens"),
        ("GET", rf"/v1/models(?:/{_ID})?"),
    ),
    "openai": _api(
        "openai",
        "api.openai.com",
        r"/v1/(?:responses|chat/completions)(?:/compact)?",
        ("POST", r"/v1/responses(?:/compact)?"),
        ("POST", r"/v1/chat/completions"),
        ("GET", rf"/v1/models(?:/{_ID})?"),
    ),
    "gemini": _api(
        "gemini",
        "generativelanguage.googleapis.com",
        _GENERATE,
        ("POST", _GENERATE),
        ("POST", rf"/v1(?:beta)?/models/{_ID}:countTokens"),
        ("GET", rf"/v1(?:beta)?/models(?:/{_ID})?"),
    ),
}

_SERVER_KEYS: Final = {"mcp_servers", "container"}
_OWN_TOOL_TYPES: Final = {
    "function",
    "custom",
    "namespace",
    "local_shell",
    "shell",
    "apply_patch",
    "tool_search",
}
_OWN_ANTHROPIC: Final = re.compile(r"(?:bash|text_editor|memory|computer)_\d+|custom|tool_search_tool.*")
_OWN_GEMINI: Final = {"functionDeclarations", "function_declarations"}


class Refused(Struct, frozen=True, kw_only=True):
    """Why a body is not forwarded."""

    reason: str


class Asked(Struct, frozen=True, kw_only=True):
    """What a body asks for."""

    model: str = ""


def read_request(api: ModelApi, path: str, body: bytes) -> Asked | Refused:
    """Returns the model that a body names, or why it is not forwarded."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return Refused(reason="the body is no JSON")
    if not isinstance(asked, dict):
        return Refused(reason="the body is no JSON object")
    if held := sorted(_SERVER_KEYS & {key for key, value in asked.items() if value}):
        return Refused(reason=f"`{held[0]}` would let the model's server reach further")
    tools = asked.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if (name := _server_tool(api.name, tool)) is not None:
            return Refused(reason=f"tool `{name}` runs at the model's server and may reach any host")
    model = asked.get("model")
    if not isinstance(model, str):
        found = re.search(r"/models/([^/:]+)", path)
        model = found.group(1) if found else ""
    return Asked(model=model[:200])


def _server_tool(api: ApiName, tool: Any) -> str | None:
    """The name of a tool that the server itself would run; what is not known counts as one."""
    if not isinstance(tool, dict):
        return "?"
    if api == "gemini":
        return next((key for key in tool if key not in _OWN_GEMINI), None)
    kind = tool.get("type", "custom" if api == "anthropic" else "")
    if kind is None and api == "anthropic":
        return None
    own = _OWN_ANTHROPIC.fullmatch(str(kind)) if api == "anthropic" else str(kind) in _OWN_TOOL_TYPES
    return None if own else str(kind) or "?"
