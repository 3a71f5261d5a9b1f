"""The mock agent: deterministic, for tests and demos. One sh script that does what its fence says."""

import json
import shlex
from collections.abc import Mapping

_FILE = "/tmp/agent-mock.txt"


def mock_script(task: str, words: Mapping[str, str]) -> str:
    """Returns its script. `file=` where the task is appended, `secret=NAME` reports presence and never the
    value, `connect=HOST:PORT` tries one connection, `output=json` prints the task in an
    object, `fail=WHY` ends with FAIL."""
    lines = [_append_task(task, words.get("file", _FILE))]
    if "secret" in words:
        lines.append(_report_secret(words["secret"]))
    if "connect" in words:
        lines.append(_try_connection(words["connect"]))
    if words.get("output") == "json":
        lines.append(f"echo {shlex.quote(json.dumps({'task': task.strip()}))}")
    verdict = f"FAIL {words['fail']}" if "fail" in words else "PASS"
    lines.append(f"echo {shlex.quote('RESULT: ' + verdict)}")
    return "\n".join(lines) + "\n"


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
