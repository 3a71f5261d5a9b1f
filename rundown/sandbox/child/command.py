"""The last steps of the process that becomes the step's command, in the one order that works.

Session and terminal, limits, control group, capabilities, no_new_privs, Landlock, seccomp, exec. A
failure is written to `report` as JSON and the process ends; it never runs the command then.
"""

import json
import os
import resource
import signal
from typing import Any, Final, NamedTuple

from rundown.sandbox.child import syscalls, terminal, walls
from rundown.sandbox.child.stages import StageError, stage

READY: Final = b"R"
_REPORT_FD: Final = 3
_SCRIPT_FD: Final = 9


class Prepared(NamedTuple):
    """What init made ahead. `rules`: Landlock rules of the paths that every step of the run has."""

    last_capability: int
    seccomp: bytes
    rules: walls.FileRules | None


def become(plan: dict[str, Any], fds: dict[str, int], report: int, prepared: Prepared) -> None:
    """Turns this freshly forked process into the command; does not return.

    `fds`: stdin, stdout, stderr (or `terminal`, the slave's path), and where given script, cgroup0….
    `report`: where a failure goes; READY is written to it when only exec is left.
    """
    say_to = report
    try:
        _leave_parents_session()
        _join_cgroups(fds)
        _connect(plan, fds, report, prepared.rules.descriptor if prepared.rules else None)
        say_to = _REPORT_FD
        _confine(plan, prepared)
        os.write(say_to, READY)
        with stage("exec", plan["argv"][0]):
            os.execvpe(plan["argv"][0], plan["argv"], dict(plan["env"]))
    except StageError as error:
        _say(say_to, error)
    except BaseException as error:
        _say(say_to, StageError("command", 0, f"{type(error).__name__}: {error}"))
    os._exit(125)


def _say(report: int, error: StageError) -> None:
    os.write(report, json.dumps(error.as_message()).encode("utf-8"))


def _leave_parents_session() -> None:
    with stage("session"):
        os.setsid()
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _join_cgroups(fds: dict[str, int]) -> None:
    with stage("cgroup"):
        for name in [name for name in fds if name.startswith("cgroup")]:
            os.write(fds.pop(name), b"0")


def _confine(plan: dict[str, Any], prepared: Prepared) -> None:
    if plan["tier"] != "none":
        walls.drop_capabilities(plan["keep_capabilities"], prepared.last_capability)
    with stage("cwd", plan["cwd"]):
        os.chdir(plan["cwd"])
    if plan["tier"] != "none":
        walls.forbid_new_privileges()
        if plan["landlock_abi"]:
            rules = prepared.rules or walls.FileRules(plan["landlock_abi"])
            rules.add(plan["landlock"])
            rules.apply()
            share_signals = "pid" not in plan["namespaces"]
            walls.restrict_scopes(plan["landlock_abi"], plan["deny_connect"], share_signals)
        if plan["seccomp"]:
            walls.restrict_calls(prepared.seccomp)
    with stage("limits"):
        _limit(plan)


def _connect(plan: dict[str, Any], fds: dict[str, int], report: int, keep: int | None) -> None:
    """Puts stdio on 0-2, the report on 3, a script on 9, and closes everything else but `keep`."""
    with stage("terminal"):
        _place(plan, fds, report, keep or 0)
    kept = {_REPORT_FD, *([_SCRIPT_FD] if "script" in fds else []), *([keep] if keep is not None else [])}
    first = _REPORT_FD
    for descriptor in sorted(kept):
        if descriptor > first:
            syscalls.close_range(first, descriptor - 1)
        first = descriptor + 1
    syscalls.close_range(first)


def _place(plan: dict[str, Any], fds: dict[str, int], report: int, keep: int) -> None:
    high = max(_SCRIPT_FD, report, keep, *fds.values()) + 1
    moved = {
        name: os.dup2(fd, high + place, inheritable=False) for place, (name, fd) in enumerate(fds.items())
    }
    moved_report = os.dup2(report, high + len(fds), inheritable=False)
    if "terminal" in moved:
        terminal.take_control(moved["terminal"])
        moved["stdout"] = moved["stderr"] = moved["terminal"]
        if plan["interactive"]:
            moved["stdin"] = moved["terminal"]
    for target, name in enumerate(("stdin", "stdout", "stderr")):
        os.dup2(moved[name], target)
    os.dup2(moved_report, _REPORT_FD, inheritable=False)
    if "script" in moved:
        os.dup2(moved["script"], _SCRIPT_FD)


def _limit(plan: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for limit, value in (
        (resource.RLIMIT_FSIZE, plan["file_size_bytes"]),
        (resource.RLIMIT_NOFILE, plan["open_files"]),
        (resource.RLIMIT_NPROC, None if "pids" in plan["cgroup"] else plan["pids"]),
        (resource.RLIMIT_AS, None if "memory" in plan["cgroup"] else plan["memory_bytes"]),
    ):
        if value is not None:
            _, hard = resource.getrlimit(limit)
            bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (bounded, bounded))
