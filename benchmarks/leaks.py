"""Whether many steps leave anything behind: descriptors, memory, mounts, namespaces, zombies, groups.

    python -m benchmarks.leaks [STEPS]

Runs STEPS steps (10,000; some minutes) of several kinds with one launcher, and counts after the first 50 and
after the last. Exit code 0 if nothing grew, 1 with what did. The suite runs a few hundred of them.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rundown.model.policy import Allowed, Envelope, Limits
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import HostFacts, SandboxPlan
from rundown.sandbox.cgroup import find_own_hierarchies
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey

WARM_STEPS = 50
MEMORY_KIB = 4096
SETTLE_S = 5.0
TEXTS = (
    "true",
    "exit 3",
    "echo out; echo err >&2",
    "(setsid sleep 100 &)",
    "kill -9 $$",
    "no-such-program-at-all",
    "mkdir -p /tmp/d && echo x > /tmp/d/f; rm -r /tmp/d; echo y > dist/f",
)

Counts = dict[str, int]


def count(server: int) -> Counts:
    """Returns what this process and the fork server of that process id hold."""
    tree = [os.getpid(), *_below(os.getpid())]
    return {
        "descriptors of rundown": len(os.listdir("/proc/self/fd")),
        "descriptors of the fork server": _number(f"/proc/{server}/fd"),
        "mounts of the fork server": _lines(f"/proc/{server}/mountinfo"),
        "processes": len(tree),
        "zombies": sum(1 for pid in tree if _state(pid) == "Z"),
        "namespaces": len({link for pid in tree for link in _namespaces(pid)}),
        "control groups": sum(
            1
            for found in find_own_hierarchies()
            for name in os.listdir(found.directory)
            if name.startswith("rundown-")
        ),
        "memory of rundown (KiB)": _memory(os.getpid()),
        "memory of the fork server (KiB)": _memory(server),
    }


def grown(before: Counts, after: Counts) -> Counts:
    """Returns what grew, memory only beyond what an allocator keeps."""
    return {
        name: after[name] - before[name]
        for name in before
        if after[name] > before[name] + (MEMORY_KIB if "memory" in name else 0)
    }


def run_steps(steps: int) -> tuple[Counts, Counts]:
    """Returns the counts after the first steps and after the last."""
    host = probe_host()
    with tempfile.TemporaryDirectory(prefix="rundown-leaks-", dir="/var/tmp") as folder:
        root = Path(folder).resolve()
        (root / "dist").mkdir()
        plans = list(_plans(host, root))
        with Launcher(host, grace_ns=200_000_000) as launcher:
            server = next(iter(_children(os.getpid())))
            for number in range(WARM_STEPS):
                launcher.launch(plans[number % len(plans)], _nowhere)
            before = _settled(server)
            for number in range(steps - WARM_STEPS):
                launcher.launch(plans[number % len(plans)], _nowhere)
            return before, _settled(server, before)


def _nowhere(stream: str, chunk: bytes) -> None: ...


def _plans(host: HostFacts, root: Path) -> Iterator[SandboxPlan]:
    view = ViewSettings(root=str(root), home=str(root))
    for number, text in enumerate(TEXTS):
        limits = Limits(pids=100, output_bytes=1000) if number % 2 else Limits()
        envelope = Envelope(read_allow=(f"{root}/**",), write_allow=(f"{root}/dist/**",), limits=limits)
        request = ExecutionRequest(
            run_id="r", position="1", attempt=1, kind="sh", text=text, argv=("/bin/sh", "-c", text),
            cwd=str(root), env_names=(), operations=(),
        )  # fmt: skip
        settings = LaunchSettings(view=view, env=(("PATH", "/usr/bin:/bin"),), pty=number == 2)
        allowed = Allowed(request=request, rulings=(), envelope=envelope)
        plan = plan_sandbox(allowed, host, survey(envelope, view), settings)
        assert isinstance(plan, SandboxPlan), plan
        yield plan


def _settled(server: int, wanted: Counts | None = None) -> Counts:
    """Counts once what ends by itself has ended: the last step's init, and watches that are closed aside."""
    deadline = time.monotonic() + SETTLE_S
    counts, previous = count(server), None
    while time.monotonic() < deadline:
        if (wanted is None and counts == previous) or (wanted is not None and not grown(wanted, counts)):
            break
        time.sleep(0.1)
        counts, previous = count(server), counts
    return counts


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _below(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for child in _children(pid):
            yield child
            yield from _below(child)


def _namespaces(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for name in ("mnt", "net", "pid", "user", "ipc", "uts"):
            yield os.readlink(f"/proc/{pid}/ns/{name}")


def _state(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def _number(folder: str) -> int:
    with suppress(OSError):
        return len(os.listdir(folder))
    return 0


def _lines(file: str) -> int:
    with suppress(OSError):
        return Path(file).read_text(errors="replace").count("\n")
    return 0


def _memory(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def main(steps: int) -> int:
    """Prints both counts; returns the exit code."""
    begun = time.perf_counter()
    before, after = run_steps(steps)
    for name, number in before.items():
        print(f"{name:34} {number:8} {after[name]:8}")
    print(f"{steps} steps in {time.perf_counter() - begun:.0f} s")
    left = grown(before, after)
    print(f"grew: {left}" if left else "nothing grew")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
