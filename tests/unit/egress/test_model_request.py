"""What a model's server may be asked, and what would let it reach further than the model."""

import json
from typing import Any

import pytest

from rundown.egress.model_api import APIS
from rundown.egress.model_request import Asked, Refused, read_request

URL = "https://evil.example/?data=secret"
PICTURE = "data:image/png;base64,AAAA"
PATHS = {
    "anthropic": "/v1/messages",
    "openai": "/v1/responses",
    "gemini": "/v1beta/models/m:generateContent",
}


def ask(api: str, body: object) -> Asked | Refused:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(APIS[api], PATHS[api], text)


def anthropic(*blocks: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": list(blocks)}], **more}


def openai(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "input": [{"type": "message", "content": list(parts)}], **more}


def chat(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": list(parts)}], **more}


def gemini(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "contents": [{"parts": list(parts)}], **more}


BY_URL = {"type": "image", "source": {"type": "url", "url": URL}}
FUNCTION = {"type": "function", "name": "f", "parameters": {"properties": {"image_url": {"type": "string"}}}}
HOSTED_SHELL = {"type": "shell", "environment": {"type": "container_auto"}}


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("anthropic", anthropic(BY_URL)),
        ("anthropic", anthropic({"type": "tool_result", "tool_use_id": "t", "content": [BY_URL]})),
        ("anthropic", anthropic({"type": "document", "source": {"type": "url", "URL": URL}})),
        ("anthropic", anthropic({"type": "document", "source": {"type": "content", "content": [BY_URL]}})),
        ("anthropic", anthropic(mcp_servers=[{"url": URL}])),
        ("anthropic", anthropic(tools=[{"type": "web_fetch_20250910", "name": "web_fetch"}])),
        ("anthropic", anthropic(tools={"type": "web_fetch_20250910", "name": "web_fetch"})),
        ("anthropic", anthropic(tools=["web_fetch"])),
        ("openai", openai({"type": "input_image", "image_url": URL})),
        ("openai", openai({"type": "input_file", "file_url": URL})),
        ("openai", chat({"type": "image_url", "image_url": {"url": URL}})),
        ("openai", openai(tools=[HOSTED_SHELL])),
        ("openai", openai(tools=[{"type": "shell"}])),
        ("openai", openai(tools=[{"type": "namespace", "name": "n", "tools": [{"type": "mcp"}]}])),
        ("openai", openai(tools=[{"type": "web_search"}])),
        ("openai", {**openai(), "input": [{"type": "tool_search_output", "tools": [{"type": "mcp"}]}]}),
        ("openai", chat(web_search_options={"search_context_size": "low"})),
        ("openai", chat(plugins=[{"id": "web"}])),
        ("openai", openai(prompt={"id": "pmpt_1"})),
        ("openai", {**chat(), "model": "gpt-4o-search-preview"}),
        ("gemini", gemini(tools=[{"google_search": {}}])),
        ("gemini", gemini(tools={"google_search": {}})),
        ("gemini", gemini(tools=[{"functionDeclarations": [], "urlContext": {}}])),
        ("gemini", {**gemini(), "Tools": [{"codeExecution": {}}]}),
        ("gemini", gemini({"fileData": {"fileUri": URL}})),
        ("gemini", gemini({"file_data": {"file_uri": URL}})),
        ("gemini", gemini({"functionResponse": {"name": "f", "parts": [{"fileData": {"fileUri": URL}}]}})),
        ("anthropic", b'{"model": "m", "tools": [{"type": "web_search_20250305"}], "tools": []}'),
        ("anthropic", b"[]"),
        ("anthropic", b"no JSON"),
        ("anthropic", b"[" * 100_000),
    ],
)
def test_a_request_that_lets_the_server_reach_further_is_refused(api: str, body: object) -> None:
    assert isinstance(ask(api, body), Refused)


@pytest.mark.parametrize(
    ("api", "body"),
    [
        (
            "anthropic",
            anthropic(
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"image_url": URL, "tools": [1]}},
                {"type": "tool_result", "tool_use_id": "t", "content": f"see {URL}"},
                tools=[{"name": "Bash", "input_schema": {}}, {"type": "bash_20250124", "name": "bash"}],
            ),
        ),
        (
            "openai",
            openai(
                {"type": "input_image", "image_url": PICTURE},
                tools=[
                    FUNCTION,
                    {"type": "custom", "name": "apply_patch"},
                    {"type": "shell", "environment": {"type": "local"}},
                    {"type": "namespace", "name": "n", "tools": [FUNCTION]},
                ],
                text={"format": {"type": "json_schema", "schema": {"properties": {"file_url": URL}}}},
            ),
        ),
        ("openai", chat({"type": "image_url", "image_url": {"url": PICTURE}}, tools=[FUNCTION])),
        (
            "gemini",
            gemini(
                {"functionCall": {"name": "f", "args": {"fileUri": URL}}},
                {"functionResponse": {"name": "f", "response": {"imageUrl": URL}}},
                {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                tools=[{"functionDeclarations": [{"name": "f"}]}],
            ),
        ),
    ],
)
def test_what_the_client_does_itself_passes(api: str, body: object) -> None:
    assert ask(api, body) == Asked(model="m")


def test_the_model_may_stand_in_the_path() -> None:
    body = gemini()
    del body["model"]
    assert ask("gemini", body) == Asked(model="m")
