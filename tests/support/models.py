"""A model server with a script, on the loopback: Anthropic Messages, OpenAI Responses and Chat, Gemini.

Answers every wire with the same replies, streaming where the request asks for it. Keeps all requests.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

_LONGEST_S = 300.0
"""Until a reply that is held back is given all the same."""


class Reply(Struct, frozen=True, kw_only=True):
    """One answer of the model. `calls`: tool name and arguments. `wait`: held back until it is set."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    input_tokens: int = 100
    output_tokens: int = 10
    wait: threading.Event | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedModel:
    """Gives its replies in order to requests that offer tools, and `idle` to all others and afterwards."""

    def __init__(self, replies: Sequence[Reply] = (), idle: str = "RESULT: PASS") -> None:
        self._replies = list(replies)
        self._idle = Reply(text=idle)
        self._lock = threading.Lock()
        self.seen: list[Seen] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._answerer())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "ScriptedModel":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def hold(self, until: threading.Event) -> None:
        """Thinks about what the script does not answer until that is set."""
        self._idle = replace(self._idle, wait=until)

    def generations(self) -> list[Seen]:
        """The requests that the script was for."""
        return [item for item in self.seen if _offers_tools(item.body)]

    def take(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            if self._replies and _offers_tools(seen.body):
                return self._replies.pop(0)
        return self._idle

    def _answerer(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Answerer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._note()
                self._json({"data": [], "models": [], "object": "list"})

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_POST(self) -> None:
                seen = self._note(keep=False)
                reply = model.take(seen)
                asked = json.loads(seen.body or b"{}")
                path = seen.path.partition("?")[0]
                wire = wire_of(path, reply, asked)
                streams = wire is not None and (bool(asked.get("stream")) or ":stream" in path)
                if streams:
                    self._begin()
                if reply.wait is not None:
                    reply.wait.wait(_LONGEST_S)
                if path.endswith(("count_tokens", ":countTokens")):
                    self._json({"input_tokens": 10, "totalTokens": 10})
                elif wire is None:
                    self._json({"error": {"message": f"no such path {path}"}}, status=404)
                elif streams:
                    self._stream(wire)
                else:
                    self._json(wire.whole)

            def _note(self, keep: bool = True) -> Seen:
                body = self._body()
                headers = {key.lower(): value for key, value in self.headers.items()}
                seen = Seen(method=self.command, path=self.path, headers=headers, body=body)
                if keep:
                    model.seen.append(seen)
                return seen

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def _json(self, value: object, status: int = 200) -> None:
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def _begin(self) -> None:
                """The head of a stream comes at once, however long the model thinks."""
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()

            def _stream(self, wire: "Wire") -> None:
                for name, value in wire.events:
                    head = f"event: {name}\n" if name else ""
                    text = value if isinstance(value, str) else json.dumps(value)
                    chunk = f"{head}data: {text}\n\n".encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

            def handle(self) -> None:
                with suppress(ConnectionError):  # a client that has been killed meanwhile
                    super().handle()

            def log_message(self, *_: object) -> None:
                pass

        return Answerer


class Wire(Struct, frozen=True, kw_only=True):
    """One reply on one wire: as one object, and as server-sent events (name, value)."""

    whole: dict[str, Any]
    events: tuple[tuple[str, Any], ...]


def wire_of(path: str, reply: Reply, asked: dict[str, Any]) -> Wire | None:
    """Returns the reply on the wire that a path belongs to, None for another path."""
    if path.endswith("/messages"):
        return anthropic(reply, asked)
    if path.endswith("/responses"):
        return responses(reply, asked)
    if path.endswith("/chat/completions"):
        return chat(reply, asked)
    return gemini(reply) if "enerateContent" in path else None


def _offers_tools(body: bytes) -> bool:
    try:
        return bool(json.loads(body).get("tools"))
    except ValueError:
        return False


def anthropic(reply: Reply, asked: dict[str, Any]) -> Wire:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    blocks += [
        {"type": "tool_use", "id": f"toolu_{place}_{id(reply) % 10**6}", "name": name, "input": arguments}
        for place, (name, arguments) in enumerate(reply.calls)
    ]
    reason = "tool_use" if reply.calls else "end_turn"
    usage = {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens}
    head = {
        "id": f"msg_{id(reply) % 10**9}",
        "type": "message",
        "role": "assistant",
        "model": asked.get("model", "scripted"),
        "stop_sequence": None,
    }
    events: list[tuple[str, Any]] = [
        (
            "message_start",
            {
                "type": "message_start",
                "message": {
                    **head,
                    "content": [],
                    "stop_reason": None,
                    "usage": {**usage, "output_tokens": 1},
                },
            },
        )
    ]
    for place, block in enumerate(blocks):
        if block["type"] == "text":
            start: dict[str, Any] = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            start = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        events += [
            (
                "content_block_start",
                {"type": "content_block_start", "index": place, "content_block": start},
            ),
            ("content_block_delta", {"type": "content_block_delta", "index": place, "delta": delta}),
            ("content_block_stop", {"type": "content_block_stop", "index": place}),
        ]
    ending = {"stop_reason": reason, "stop_sequence": None}
    events += [
        (
            "message_delta",
            {"type": "message_delta", "delta": ending, "usage": {"output_tokens": reply.output_tokens}},
        ),
        ("message_stop", {"type": "message_stop"}),
    ]
    return Wire(
        whole={**head, "content": blocks, "stop_reason": reason, "usage": usage}, events=tuple(events)
    )


def responses(reply: Reply, asked: dict[str, Any]) -> Wire:
    items: list[dict[str, Any]] = []
    if reply.text:
        part = {"type": "output_text", "text": reply.text, "annotations": []}
        items.append(
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
        )
    for place, (name, arguments) in enumerate(reply.calls):
        items.append(
            {
                "type": "function_call",
                "id": f"fc_{place}",
                "call_id": f"call_{place}_{id(reply) % 10**6}",
                "name": name,
                "arguments": json.dumps(arguments),
                "status": "completed",
            }
        )
    usage = {
        "input_tokens": reply.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
    whole = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": asked.get("model", "scripted"),
        "output": items,
        "usage": usage,
    }
    events: list[tuple[str, Any]] = [
        (
            "response.created",
            {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}},
        )
    ]
    for place, item in enumerate(items):
        events.append(
            (
                "response.output_item.added",
                {"type": "response.output_item.added", "output_index": place, "item": item},
            )
        )
        if item["type"] == "message":
            events.append(
                (
                    "response.output_text.delta",
                    {
                        "type": "response.output_text.delta",
                        "item_id": item["id"],
                        "output_index": place,
                        "content_index": 0,
                        "delta": reply.text,
                    },
                )
            )
        events.append(
            (
                "response.output_item.done",
                {"type": "response.output_item.done", "output_index": place, "item": item},
            )
        )
    events.append(("response.completed", {"type": "response.completed", "response": whole}))
    return Wire(whole=whole, events=tuple(events))


def chat(reply: Reply, asked: dict[str, Any]) -> Wire:
    calls = [
        {
            "index": place,
            "id": f"call_{place}_{id(reply) % 10**6}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for place, (name, arguments) in enumerate(reply.calls)
    ]
    reason = "tool_calls" if calls else "stop"
    usage = {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if calls:
        message["tool_calls"] = calls
    head = {"id": "chat_1", "created": 1, "model": asked.get("model", "scripted")}
    choice = {"index": 0, "finish_reason": reason}
    events = (
        (
            "",
            {
                **head,
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": message, "finish_reason": None}],
            },
        ),
        (
            "",
            {
                **head,
                "object": "chat.completion.chunk",
                "choices": [{**choice, "delta": {}}],
                "usage": usage,
            },
        ),
        ("", "[DONE]"),
    )
    whole = {
        **head,
        "object": "chat.completion",
        "choices": [{**choice, "message": message}],
        "usage": usage,
    }
    return Wire(whole=whole, events=events)


def gemini(reply: Reply) -> Wire:
    parts: list[dict[str, Any]] = [{"text": reply.text}] if reply.text else []
    parts += [{"functionCall": {"name": name, "args": arguments}} for name, arguments in reply.calls]
    whole = {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": reply.input_tokens,
            "candidatesTokenCount": reply.output_tokens,
            "totalTokenCount": reply.input_tokens + reply.output_tokens,
        },
        "modelVersion": "scripted",
    }
    return Wire(whole=whole, events=(("", whole),))


def texts_of(seen: Sequence[Seen]) -> Iterator[str]:
    """Yields the bodies as text, for looking at what the model was told."""
    for item in seen:
        yield item.body.decode("utf-8", "replace")
