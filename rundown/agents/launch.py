"""What an agent step starts, for the kinds that are one governed script: `mock` and `command`.

Knows no process: the script goes the way of every command step, through the same request, decision and
sandbox. The kinds that talk a protocol (claude, codex, acp, llm, text) are refused by name until their
adapters exist; a run with such a step does not start (exit 2).
"""

import shlex

from msgspec import Struct

from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import AgentBody

KINDS = ("command", "mock")
_MOCK_WORDS = {"file", "secret", "connect", "fail"}
_MOCK_FILE = "/tmp/agent-mock.txt"


class AgentLaunch(Struct, frozen=True, kw_only=True):
    """`script` is sh text."""

    kind: str
    script: str


def plan_agent(body: AgentBody, default_kind: str | None = None) -> AgentLaunch | Diagnostic:
    """Returns what to start, or why this agent cannot be had."""
    kind = body.kind or default_kind
    if kind is None:
        return Diagnostic(
            code="agents/no-kind",
            message="this agent step does not say which agent does it",
            span=body.span,
            why="neither the fence, nor front matter `agent:`, nor --agent names a kind",
            fix=f"write ```agent KIND with one of: {', '.join(KINDS)}",
        )
    if kind == "command":
        return AgentLaunch(kind=kind, script=body.text)
    if kind == "mock":
        return _plan_mock(body)
    return Diagnostic(
        code="agents/not-there-yet",
        message=f"agent kind `{kind}` is not there yet",
        span=body.span,
        why="this version runs the kinds " + " and ".join(KINDS) + "; the run does not start (exit 2)",
        fix=f"use one of them, or `rundown run --prompted` and do step work of `{kind}` yourself",
    )


def _plan_mock(body: AgentBody) -> AgentLaunch | Diagnostic:
    """The mock agent: deterministic, for tests and demos.

    `file=` where the task is appended, `secret=NAME` reports presence and never the value,
    `connect=HOST:PORT` tries one connection, `fail=WHY` ends with FAIL.
    """
    words = dict(body.parameters)
    unknown = sorted(set(words) - _MOCK_WORDS)
    if unknown:
        return Diagnostic(
            code="agents/unknown-parameter",
            message=f"the mock agent does not know `{unknown[0]}=`",
            span=body.span,
            why="it takes: " + ", ".join(f"{word}=" for word in sorted(_MOCK_WORDS)),
            fix=f"remove `{unknown[0]}=` from the fence",
        )
    lines = [_append_task(body.text, words.get("file", _MOCK_FILE))]
    if "secret" in words:
        lines.append(_report_secret(words["secret"]))
    if "connect" in words:
        lines.append(_try_connection(words["connect"]))
    verdict = f"FAIL {words['fail']}" if "fail" in words else "PASS"
    lines.append(f"echo {shlex.quote('RESULT: ' + verdict)}")
    return AgentLaunch(kind="mock", script="\n".join(lines) + "\n")


def _append_task(task: str, file: str) -> str:
    mark = "END_OF_TASK"
    while mark in task:
        mark += "_"
    return f"cat >> {shlex.quote(file)} <<'{mark}' || exit 1\n{task.rstrip(chr(10))}\n{mark}"


def _report_secret(name: str) -> str:
    quoted = shlex.quote(name)
    return (
        f"if printenv {quoted} > /dev/null; then echo secret {quoted}: present; "
        f"else echo secret {quoted}: absent; fi"
    )


def _try_connection(address: str) -> str:
    """The address is an argument, not text: whether it is reachable is for the sandbox to show."""
    host, _, port = address.rpartition(":")
    place = shlex.quote(f"/dev/tcp/{host}/{port}")
    told = shlex.quote(address)
    return (
        f"if timeout 3 bash -c 'exec 3<>\"$0\"' {place} 2> /dev/null; then echo connection {told}: open; "
        f"else echo connection {told}: refused; fi"
    )
