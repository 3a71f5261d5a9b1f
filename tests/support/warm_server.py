"""A Python that has imported rundown already and becomes one `rundown` after another, by forking.

Run as a script: the descriptor of a stream socket is its only word. A request is the length of a JSON text as
eight bytes, with four descriptors: standard input, output, error, and where the status goes; then the text. What is
forked is a process like any other: session, descriptors, directory, environment and command line are its own, and
it ends as Python ends.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
import time

COMMANDS = """run resume check exec policy doctor ls show log diff verify keys drive stash prune scenario trust
inside completion concourse attach init"""
LATE = ("rundown.record.sign", "rundown.session.receipts", "pyseccomp", "json", "difflib")


def warm_up() -> None:
    """Imports what a run imports, late or not."""
    from rundown.cli import main  # noqa: F401

    for name in (*(f"rundown.cli.{command}" for command in COMMANDS.split()), *LATE):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def serve(requests: socket.socket) -> dict:
    """Forks for each request; returns in the process that is to serve it. Ends with who asks."""
    waking, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    told: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([requests, waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            report_ended(told)
            continue
        length, fds, _, _ = socket.recv_fds(requests, 8, 4)
        if not length:
            sys.exit(0)
        request = json.loads(read_exactly(requests, int.from_bytes(length)))
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become(request, fds)
            return request
        told[pid] = fds.pop()
        for fd in fds:
            os.close(fd)
        os.write(told[pid], f"{pid}\n".encode())


def report_ended(told: dict[int, int]) -> None:
    """Says the status of every process that is over, as `subprocess` would."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = told.pop(ended[0])
            with contextlib.suppress(BrokenPipeError):
                os.write(status, f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())
            os.close(status)


def read_exactly(requests: socket.socket, length: int) -> bytes:
    """Returns so many bytes."""
    content = b""
    while len(content) < length:
        content += requests.recv(length - len(content))
    return content


def become(request: dict, fds: list[int]) -> None:
    """Makes this process what `execve` would have made of it."""
    os.setsid()
    errors = (sys.stdin.errors, sys.stdout.errors)
    for number, fd in enumerate(fds[:3]):
        os.dup2(fd, number)
    os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = request["argv"]
    sys.path[0] = os.path.dirname(sys.argv[0])
    sys.stdin = open(0, encoding="utf-8", errors=errors[0])  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors=errors[1])  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(
        open(2, "wb"),  # noqa: SIM115
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


if __name__ == "__main__":
    asking = socket.socket(fileno=int(sys.argv[1]))
    warm_up()
    serve(asking)
    asking.detach()
    from rundown.cli.main import main

    sys.exit(main())
