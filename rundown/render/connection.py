"""Connections of steps in words: one on a line of the log, all of them in a table."""

from collections.abc import Iterable

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic
from rundown.model.event import EgressAllowed, EgressBlocked
from rundown.render.duration import render_size
from rundown.render.escape import visible
from rundown.render.style import Style, Tone

_MOST_ROWS = 40


class Reached(Struct, kw_only=True):
    """One line of the table: a place, and all that went there or was refused."""

    host: str
    port: int
    allowed: bool
    times: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    remark: str = ""


def place_of(host: str, port: int) -> str:
    """Returns `host:port`; the host alone for a look-up."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port == 0 else f"{shown}:{port}"


def describe_connection(body: EgressAllowed | EgressBlocked) -> str:
    """Returns what became of a connection, on one line, unescaped."""
    times = f", {body.count} times" if body.count > 1 else ""
    if isinstance(body, EgressBlocked):
        what = "looking " if body.port == 0 and body.host != "*" else ""
        flag = f" ({body.flag})" if body.flag else ""
        place = f"{what}{place_of(body.host, body.port)}{' up' if what else ''}"
        return f"{body.position} {place}{times}: {body.reason}{flag}"
    where = f" at {body.address}" if body.address else ""
    moved = f"{render_size(body.sent_bytes)} out, {render_size(body.received_bytes)} in"
    problem = f": {body.problem}" if body.problem else ""
    rule = f" ({body.rule})" if body.rule else ""
    return f"{body.position} {place_of(body.host, body.port)}{where}{times}, {moved}{rule}{problem}"


def gather(bodies: Iterable[EgressAllowed | EgressBlocked]) -> tuple[Reached, ...]:
    """Returns one entry for each place and outcome, in the order they were first seen; those that were only
    looked up in vain come last."""
    found: dict[tuple[str, int, bool], Reached] = {}
    for body in bodies:
        allowed = isinstance(body, EgressAllowed)
        key = (body.host, body.port, allowed)
        entry = found.setdefault(key, Reached(host=body.host, port=body.port, allowed=allowed))
        entry.times += body.count
        if isinstance(body, EgressAllowed):
            entry.sent_bytes += body.sent_bytes
            entry.received_bytes += body.received_bytes
            entry.remark = body.problem or entry.remark
        else:
            entry.remark = body.reason
    return tuple(sorted(found.values(), key=lambda entry: (not entry.allowed, entry.port == 0)))


def render_connections(reached: tuple[Reached, ...], style: Style) -> str:
    """Returns the table of a run's connections, "" if there were none; each line ends in a line end."""
    if not reached:
        return ""
    shown = reached[:_MOST_ROWS]
    places = [visible(place_of(entry.host, entry.port)) for entry in shown]
    wide = min(max(len(place) for place in places), 48)
    lines = [style.paint("network", "dim")]
    for entry, place in zip(shown, places, strict=True):
        tone: Tone = "green" if entry.allowed else "red"
        mark = style.paint(style.sign("pass" if entry.allowed else "fail"), tone)
        word = "allowed" if entry.allowed else "blocked"
        times = f"{entry.times}x"
        moved = f"{render_size(entry.sent_bytes)} out  {render_size(entry.received_bytes)} in"
        tail = moved if entry.allowed else ""
        tail = "  ".join(part for part in (tail, visible(entry.remark)) if part)
        lines.append(f"{mark} {place:<{wide}}  {word} {times:>6}  {tail}".rstrip())
    if len(reached) > len(shown):
        lines.append(f"  and {len(reached) - len(shown)} more: rundown log")
    return "".join(f"{line}\n" for line in lines)


def connection_diagnostics(
    bodies: Iterable[EgressAllowed | EgressBlocked], again: str
) -> tuple[Diagnostic, ...]:
    """Returns one problem for each place that was refused or could not be reached. `again`: the command to
    which a flag is added, with `{flags}` where it goes."""
    found: dict[tuple[str, int], Diagnostic] = {}
    for body in bodies:
        place = place_of(body.host, body.port)
        if isinstance(body, EgressBlocked):
            fix = again.replace("{flags}", body.flag, 1) if body.flag else ""
            line = f"in .rundownrc.yaml: {body.yaml}" if body.yaml else ""
            found.setdefault(
                (body.host, body.port),
                Diagnostic(
                    code="egress/blocked",
                    message=f"a connection to {place} was refused",
                    why=body.reason,
                    fix=f"{fix}      (or {line})" if fix and line else fix or line,
                    severity="warning",
                ),
            )
        elif body.problem and not body.received_bytes:
            message = f"{place} was allowed, and the connection came to nothing or broke off"
            problem = Diagnostic(code="egress/failed", message=message, why=body.problem, severity="warning")
            found.setdefault((body.host, body.port), problem)
    return tuple(found.values())
