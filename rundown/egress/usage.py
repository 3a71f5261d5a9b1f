"""What a model's answers cost, read from them as they pass: tokens, and money where the answer says it.

Pure: bytes in, counts out. An answer that cannot be read counts as a request of unknown size, never as free.
"""

import json
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

_MOST_BYTES: Final = 8 << 20
"""Of one event or one whole answer; a longer one is passed on and not read."""


class Usage(Struct, frozen=True, kw_only=True):
    """Counts of one step. `cost_usd` None: no answer said what it costs."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    models: tuple[str, ...] = ()

    def __add__(self, other: "Usage") -> "Usage":
        costs = [item.cost_usd for item in (self, other) if item.cost_usd is not None]
        return Usage(
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=sum(costs) if costs else None,
            models=tuple(dict.fromkeys((*self.models, *other.models))),
        )


class UsageReader:
    """Reads one answer. `usage` is what it told so far; later numbers replace earlier ones, as APIs send
    totals that grow."""

    def __init__(self, model: str, content_type: str) -> None:
        self.usage = Usage(requests=1, models=(model,) if model else ())
        self._events = "event-stream" in content_type
        self._held = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> None:
        """Takes the next bytes of the body."""
        self._held += chunk
        if self._events:
            *lines, self._held = self._held.split(b"\n")
            for line in lines:
                if line.startswith(b"data:") and not self._skipping:
                    self._read(line[5:])
                self._skipping = False
        if len(self._held) > _MOST_BYTES:
            self._held, self._skipping = b"", True

    def finish(self) -> Usage:
        """Returns the whole answer's usage."""
        if self._held and not self._skipping:
            self._read(self._held.removeprefix(b"data:"))
        return self.usage

    def _read(self, text: bytes) -> None:
        if b"sage" not in text:  # usage, usageMetadata
            return
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        for item in value if isinstance(value, list) else (value,):
            for found in _usages(item):
                self._take(found)

    def _take(self, found: dict[str, Any]) -> None:
        given = {
            name: max(getattr(self.usage, name), sum(_count(found.get(key)) for key in keys))
            for name, keys in _KEYS.items()
        }
        cost = found.get("cost")
        if isinstance(cost, int | float) and not isinstance(cost, bool) and cost >= 0:
            given["cost_usd"] = float(cost)
        self.usage = replace(self.usage, **given)


_KEYS: Final = {
    "input_tokens": (
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "prompt_tokens",
        "promptTokenCount",
    ),
    "output_tokens": ("output_tokens", "completion_tokens", "candidatesTokenCount", "thoughtsTokenCount"),
}


def _usages(value: Any) -> list[dict[str, Any]]:
    """The places where the APIs put it: at the top, in `message`, in `response`."""
    if not isinstance(value, dict):
        return []
    places = [value, value.get("message"), value.get("response")]
    found = [
        place.get(key) for place in places if isinstance(place, dict) for key in ("usage", "usageMetadata")
    ]
    return [item for item in found if isinstance(item, dict)]


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
