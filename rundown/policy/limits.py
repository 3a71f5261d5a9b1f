"""Limits as documents write them, and how limits of several documents become one."""

from rundown.model.diagnostic import Diagnostic
from rundown.model.policy import Limits
from rundown.policy.form import LimitsForm
from rundown.policy.node import Node, problem
from rundown.policy.units import parse_duration, parse_size

_FIELDS = {
    "timeout": "timeout_ns",
    "memory": "memory_bytes",
    "pids": "pids",
    "cpu": "cpu",
    "file_size": "file_size_bytes",
    "open_files": "open_files",
    "output": "output_bytes",
    "tmp": "tmp_bytes",
    "expiry": "expiry_ns",
}
assert set(_FIELDS) == set(LimitsForm.__struct_fields__)


def read_limits(node: Node | None, path: str, problems: list[Diagnostic]) -> Limits:
    """Returns the limits of a `limits:` map; values that cannot be read are added to `problems`."""
    found: dict[str, float | None] = {}
    for name, target in _FIELDS.items():
        item = node.entries().get(name) if node else None
        if item is None:
            continue
        if target.endswith(("_ns", "_bytes")) and isinstance(item.value, str):
            read = parse_duration if target.endswith("_ns") else parse_size
            found[target] = read(item.value)
            if found[target] is None:
                message = f"{path}.{name} cannot be `{item.value}`"
                like = "90s, 10m, 1h30m" if read is parse_duration else "512MiB, 2GiB"
                problems.append(problem("wrong-value", message, item.span, f"write it like {like}"))
        elif isinstance(item.value, int | float):
            found[target] = item.value
    return Limits(**found)  # type: ignore[arg-type]  # each field's own type was checked by `check`


def overlay(upper: Limits, lower: Limits) -> Limits:
    """Returns the limits of `upper`, and those of `lower` that `upper` does not name."""
    return Limits(
        **{
            name: getattr(lower, name) if getattr(upper, name) is None else getattr(upper, name)
            for name in Limits.__struct_fields__
        }
    )
