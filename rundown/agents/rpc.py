"""JSON-RPC over lines, one side of it: what a line is, and what is sent. For the adapters that speak it.

Source: JSON-RPC 2.0; Codex leaves the `jsonrpc` member out, and understands it all the same.
"""

import json
from typing import Any

from msgspec import Struct

METHOD_NOT_FOUND = -32601


class Request(Struct, frozen=True, kw_only=True):
    """The peer wants an answer. `id` goes back as it came."""

    id: Any
    method: str
    params: dict[str, Any]


class Notification(Struct, frozen=True, kw_only=True):
    """The peer tells something."""

    method: str
    params: dict[str, Any]


class Response(Struct, frozen=True, kw_only=True):
    """The peer answers; `error` is its message, "" if it succeeded."""

    id: Any
    result: dict[str, Any]
    error: str = ""


class NoMessageError(ValueError):
    """A line that is no message of the protocol."""


def read_message(line: bytes) -> Request | Notification | Response:
    """Returns what a line is.

    Raises:
        NoMessageError: it is none.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NoMessageError("a line that is no JSON") from error
    if not isinstance(value, dict):
        raise NoMessageError("a line that is no JSON object")
    method = value.get("method")
    params = value.get("params") or {}
    if isinstance(method, str) and isinstance(params, dict):
        if "id" in value:
            return Request(id=value["id"], method=method, params=params)
        return Notification(method=method, params=params)
    if "id" in value and ("result" in value or "error" in value):
        problem = value.get("error")
        told = str(problem.get("message", problem)) if isinstance(problem, dict) else str(problem or "")
        result = value.get("result")
        return Response(id=value["id"], result=result if isinstance(result, dict) else {}, error=told)
    raise NoMessageError("a line that is neither request nor answer")


def request(number: str, method: str, params: dict[str, Any]) -> bytes:
    """Returns a request; `number` is its id."""
    return _line({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def notification(method: str) -> bytes:
    """Returns a notification without parameters."""
    return _line({"jsonrpc": "2.0", "method": method})


def result(answered: Any, value: Any) -> bytes:
    """Returns the answer to a request of the peer."""
    return _line({"jsonrpc": "2.0", "id": answered, "result": value})


def failure(answered: Any, message: str, code: int = METHOD_NOT_FOUND) -> bytes:
    """Returns that a request of the peer is refused."""
    return _line({"jsonrpc": "2.0", "id": answered, "error": {"code": code, "message": message}})


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
