"""Run ids: UUIDv7, so that the order of ids is the order of starts; and how a person names a run.

Refuses to guess: a part that fits several runs is an error that lists them.
"""

import os
from collections.abc import Sequence

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic

_NS_PER_MS = 1_000_000
_SHORTEST_PART = 4


def new_run_id(now_ns: int) -> str:
    """Returns a fresh UUIDv7 for `now_ns` (nanoseconds since the epoch), lower case.

    The 12 bits behind the version hold the fraction of the millisecond, so that ids made in one
    millisecond still sort by time. Source: RFC 9562, sections 5.7 and 6.2 (method 3).
    """
    milliseconds, rest_ns = divmod(now_ns, _NS_PER_MS)
    fraction = (rest_ns << 12) // _NS_PER_MS
    noise = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | noise
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_run_id(text: str) -> bool:
    """Returns whether `text` is a UUIDv7 in the form that `new_run_id` writes."""
    parts = text.split("-")
    return (
        [len(part) for part in parts] == [8, 4, 4, 4, 12]
        and all(character in "0123456789abcdef" for part in parts for character in part)
        and parts[2][0] == "7"
        and parts[3][0] in "89ab"
    )


def started_ms(run_id: str) -> int:
    """Returns when the run of that id was started, in milliseconds since the epoch."""
    return int(run_id.replace("-", "")[:12], 16)


def short_id(run_id: str) -> str:
    """Returns the last group of an id, by which runs are shown; `resolve_run` takes it and parts of it."""
    return run_id.rsplit("-", 1)[-1]


def resolve_run(argument: str | None, run_ids: Sequence[str]) -> str:
    """Returns the id that `argument` names: a whole id, a unique start of it, or four or more characters that
    only its last group starts or ends with.

    None, "" and `last` name the newest. `run_ids` may come in any order.

    Raises:
        InvalidInputError: there is no run, none fits, or several do.
    """
    if not run_ids:
        raise InvalidInputError(
            Diagnostic(
                code="record/no-runs",
                message="there is no run here yet",
                fix="start one with `rundown run FILE`, or name its place with --root or --runs-dir",
            )
        )
    if not argument or argument == "last":
        return max(run_ids)
    wanted = argument.lower()
    if wanted in run_ids:
        return wanted
    fits = sorted(run for run in run_ids if _fits(run, wanted))
    if len(fits) == 1:
        return fits[0]
    raise InvalidInputError(_ambiguous(argument, fits) if fits else _unknown(argument, len(run_ids)))


def _fits(run: str, wanted: str) -> bool:
    shown = short_id(run)
    is_part = len(wanted) >= _SHORTEST_PART and (shown.startswith(wanted) or run.endswith(wanted))
    return is_part or run.startswith(wanted)


def _unknown(argument: str, count: int) -> Diagnostic:
    return Diagnostic(
        code="record/no-such-run",
        message=f"no run is called `{argument}`",
        why=f"neither the id nor its last group starts or ends so for any of the {count} runs here",
        fix="`rundown ls` lists them; `last` names the newest",
    )


def _ambiguous(argument: str, fits: Sequence[str]) -> Diagnostic:
    shown = ", ".join(fits[:5]) + (", …" if len(fits) > 5 else "")
    return Diagnostic(
        code="record/ambiguous-run",
        message=f"`{argument}` names {len(fits)} runs",
        why=f"they are {shown}",
        fix="write more of the id; its last group alone is enough",
    )
