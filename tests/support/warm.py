"""The real program without its imports: a warm Python forks for each call (`warm_server.py`).

Starting Python and importing is half of what a short `rundown` costs, and the tests start it a thousand times.
Whatever the start itself may change stays with the start: programs in terminals, those that are held or killed, the
examples of the documents, and any with an unusual environment. `RUNDOWN_WARM=never` starts all of them anew.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_HARMLESS = ("PATH", "HOME", "CI", "NO_COLOR", "GIT_CONFIG_NOSYSTEM", "XDG_", "GITHUB_", "RD_")


def may_be_warm(environment: Mapping[str, str]) -> bool:
    """Whether nothing in it means something to Python's own start, or might be a secret: what a process began with
    stands in /proc, where tests look for it."""
    return (
        os.environ.get("RUNDOWN_WARM") != "never"
        and environment.get("LANG") == "C.UTF-8"
        and all(name == "LANG" or name.startswith(_HARMLESS) for name in environment)
    )


def run_warm(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    """Returns what `subprocess.run` would, with standard input empty. Raises: subprocess.TimeoutExpired."""
    request = json.dumps({"argv": list(argv), "cwd": str(cwd), "environment": dict(environment)}).encode()
    pipes = [os.pipe() for _ in range(3)]
    readers, writers = zip(*pipes, strict=True)
    with open(os.devnull, "rb") as nothing:
        server, whole = _server(os.getpid())
        with whole:
            socket.send_fds(server, [len(request).to_bytes(8)], [nothing.fileno(), *writers])
            server.sendall(request)
    for fd in writers:
        os.close(fd)
    out, err, status = _read_all(readers, time.monotonic() + seconds)
    pid, _, code = status.decode().partition("\n")
    if not code:
        if pid:
            os.killpg(int(pid), signal.SIGKILL)
        raise subprocess.TimeoutExpired(list(argv), seconds, out, err)
    return subprocess.CompletedProcess(list(argv), int(code), _text(out), _text(err))


def _read_all(fds: Sequence[int], until: float) -> list[bytes]:
    """Returns what each descriptor gives until its end, or until then; closes them."""
    got = dict.fromkeys(fds, b"")
    with selectors.DefaultSelector() as waiting:
        for fd in fds:
            waiting.register(fd, selectors.EVENT_READ)
        while waiting.get_map() and time.monotonic() < until:
            for key, _ in waiting.select(max(0, until - time.monotonic())):
                if chunk := os.read(key.fd, 1 << 16):
                    got[key.fd] += chunk
                else:
                    waiting.unregister(key.fd)
    for fd in fds:
        os.close(fd)
    return [got[fd] for fd in fds]


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


@cache
def _server(pid: int) -> tuple[socket.socket, threading.Lock]:
    """The socket of this process's server, which ends with it, and the right to ask. `pid`: no fork shares it."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm_server.py")), str(theirs.fileno())],
            cwd="/",
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
        )
    return ours, threading.Lock()
