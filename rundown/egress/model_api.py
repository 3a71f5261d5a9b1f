"""The model APIs that a gateway serves: methods and paths. No file or upload paths are among them.

Source: the published references of the Anthropic Messages, OpenAI Responses and Chat Completions, and Gemini
`generateContent` APIs.
"""

import re
from typing import Final, Literal

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
