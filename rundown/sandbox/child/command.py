"""The process that becomes the step's command, in the one order that works.

Warm, before any plan is known: session, signals, capabilities, no_new_privs, Landlock's scopes, seccomp;
nothing it does later needs what it has given up. Then, with its plan and fds and once init has made the
view: control groups, stdio, working directory, Landlock's files, limits, exec. It tells rundown itself
through its own socket: ready, then nothing more (the socket closes with exec), or failed.
"""

import os
import resource
import signal
import socket
from contextlib import suppress
from typing import Any, Final

from rundown.sandbox.child import holder, syscalls, terminal, walls, wire
from rundown.sandbox.child.stages import StageError, stage

_REPORT_FD: Final = 3
_SCRIPT_FD: Final = 9

Plan = dict[str, Any]


def run(report: socket.socket, go: socket.socket, recipe: dict[str, Any], seccomp: bytes) -> None:
    """Turns this freshly forked process into the command; does not return.

    `report`: a socket to rundown. `go`: a socket to init; a message out says that this process is warm, one
    in that the view is there.
    """
    try:
        rules = _warm_up(recipe, seccomp)
        wire.send(go, {})  # the paths of its rules are looked up: init may pivot
        received = wire.receive(report)
        started = wire.receive(go)
        if received is None or started is None:
            os._exit(125)
        message, given = received
        plan = message["plan"]
        fds = dict(zip(message["fds"], given, strict=True))
        fds.update(zip(("terminal",), started[1], strict=False))
        report = _settle(plan, fds, report, rules)
        _confine(plan, rules)
        wire.send(report, {"event": "ready"})
        with stage("exec", plan["argv"][0]):
            os.execvpe(plan["argv"][0], plan["argv"], dict(plan["env"]))
    except StageError as error:
        _say(report, error)
    except BaseException as error:
        _say(report, StageError("command", 0, f"{type(error).__name__}: {error}"))
    finally:
        os._exit(125)


def _say(report: socket.socket, error: StageError) -> None:
    with suppress(OSError):
        wire.send(report, error.as_message())


def _warm_up(recipe: dict[str, Any], seccomp: bytes) -> walls.FileRules | None:
    """Returns the Landlock rules of the paths that every step of the run has."""
    with stage("session"):
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the one that the fork server ignores
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if recipe["tier"] == "none":
        return None
    rules = None
    if recipe["landlock_abi"]:
        rules = walls.FileRules(recipe["landlock_abi"])
        rules.add(recipe["landlock"], holder.VIEW)
    walls.drop_capabilities(recipe["keep_capabilities"])
    walls.forbid_new_privileges()
    has_view = "mount" in recipe["namespaces"]
    share_signals = has_view and "pid" not in recipe["namespaces"]  # by its own wish
    root = holder.VIEW if has_view else "/"
    walls.restrict_scopes(recipe["landlock_abi"], share_signals, root)
    if recipe["seccomp"]:
        walls.restrict_calls(seccomp)
    return rules


def _settle(
    plan: Plan, fds: dict[str, int], report: socket.socket, rules: walls.FileRules | None
) -> socket.socket:
    """Puts every fd in its place; returns the report socket at its own."""
    with stage("cgroup"):
        for name in [name for name in fds if name.startswith("cgroup")]:
            os.write(fds.pop(name), b"0")
    with stage("terminal"):
        _place(plan, fds, report.fileno(), rules.descriptor if rules else 0)
    script = [_SCRIPT_FD] if "script" in fds else []
    report.detach()
    report = socket.socket(fileno=_REPORT_FD)
    _close_others([_REPORT_FD, *script, *([rules.descriptor] if rules else [])])
    return report


def _confine(plan: Plan, rules: walls.FileRules | None) -> None:
    with stage("cwd", plan["cwd"]):
        os.chdir(plan["cwd"])
    if rules is not None:
        rules.add(plan["landlock"], follow=plan["tier"] != "landlock")
        rules.apply()
        if plan["deny_connect"]:
            walls.restrict_tcp(plan["landlock_abi"], plan["connect_ports"])
    with stage("limits"):
        _limit(plan)


def _place(plan: Plan, fds: dict[str, int], report: int, kept: int) -> None:
    """Puts stdio on 0-2, the report on 3, a script on 9."""
    high = max(_SCRIPT_FD, report, kept, *fds.values()) + 1
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


def _close_others(kept: list[int]) -> None:
    first = _REPORT_FD
    for descriptor in sorted(kept):
        if descriptor > first:
            syscalls.close_range(first, descriptor - 1)
        first = descriptor + 1
    syscalls.close_range(first)


def _limit(plan: Plan) -> None:
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
