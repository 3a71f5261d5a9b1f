"""What the sandbox costs: a confined `true` beside a plain one and beside bubblewrap, and the walk for masks.

    python -m benchmarks.sandbox [RUNS]

All in one run, one after the other in turn, so that what else the machine does hits all alike. Prints
medians, and the ratios that say what is wanted: confined to bwrap below 1; 100,000 files below 0.5 s the
first time and below 50 ms when nothing changed. bwrap is left out where it is not installed.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from rundown.egress.gate import Report, Verdict
from rundown.egress.server import Egress, Opened
from rundown.model.policy import Allowed, Envelope, LayerKind, Outcome, Rule
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.sandbox import ProcessResult, SandboxPlan, Survey
from rundown.sandbox.doors import Door, Doors
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey
from rundown.sandbox.walk import WalkMemory
from rundown.session.egress import plan_network

FILES = 100_000
PER_DIRECTORY = 100
PAUSE_S = 0.02
BWRAP = ("bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev")
DENIES = (
    "**/.env",
    "**/.env.*",
    "**/credentials.json",
    "**/*secret*",
    "**/*password*",
    "**/id_rsa",
    "**/*.pem",
    "**/*.key",
)


def seconds(act: Callable[[], object]) -> float:
    """Returns how long an act takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


class Nobody:
    """The gate of a step that may reach nothing."""

    def judge(self, host: str, port: int) -> Verdict:
        """Returns a denial."""
        return Verdict(outcome="deny")

    def ask(self, host: str, port: int, addresses: tuple[str, ...], about: str) -> Verdict:
        """Returns a denial."""
        return Verdict(outcome="deny")

    def record(self, report: Report) -> None:
        """Records nothing."""


def launch(launcher: Launcher, plan: SandboxPlan, doors: Doors | None = None) -> None:
    """Runs a step to its end, which has to be a good one."""
    result = launcher.launch(plan, lambda stream, chunk: None, doors=doors)
    assert isinstance(result, ProcessResult) and result.status == 0, result


def launch_served(launcher: Launcher, plan: SandboxPlan, egress: Egress) -> None:
    """Runs a step to its end with its network served, and the network's end as well."""
    served: list[Opened] = []

    def serve(doors: tuple[Door, ...]) -> None:
        served.append(egress.open(Nobody()))
        for door in doors:
            served[0].add(door.kind, door.address, door.port, door.sock)

    launch(launcher, plan, serve)
    served[0].close()


def measure_steps(root: Path, runs: int) -> dict[str, float]:
    """Returns medians by name, in seconds: a step with a breath before it, and steps in a row."""
    host = probe_host()
    view = ViewSettings(root=str(root), home=str(root))
    envelope = Envelope(read_allow=(f"{root}/**",), write_allow=(f"{root}/dist/**",))
    request = ExecutionRequest(
        run_id="r", position="1", attempt=1, kind="sh", text="", argv=("/bin/sh", "-c", "true"),
        cwd=str(root), env_names=(), operations=(),
    )  # fmt: skip
    settings = LaunchSettings(view=view, env=(("PATH", "/usr/bin:/bin"),))
    memory = WalkMemory()

    def plan() -> SandboxPlan:
        found = plan_sandbox(
            Allowed(request=request, rulings=(), envelope=envelope),
            host,
            survey(envelope, view, memory),
            settings,
        )
        assert isinstance(found, SandboxPlan), found
        return found

    planned = plan()
    connected = replace(planned, network=plan_network(envelope))
    egress = Egress()
    with Launcher(host) as launcher:
        acts: dict[str, Callable[[], object]] = {
            "sh -c true": lambda: subprocess.run(["sh", "-c", "true"], check=True),
            "survey and plan": plan,
            "confined": lambda: launch(launcher, planned),
            "confined, network": lambda: launch_served(launcher, connected, egress),
        }
        if shutil.which("bwrap"):
            acts["bwrap"] = lambda: subprocess.run([*BWRAP, "sh", "-c", "true"], check=True)
        times: dict[str, list[float]] = {name: [] for name in acts}
        for _ in range(runs):
            for name, act in acts.items():
                time.sleep(PAUSE_S)
                times[name].append(seconds(act))
        for name in ("bwrap", "confined", "confined, network"):
            times[f"{name}, in a row"] = [seconds(acts[name]) for _ in range(runs)] if name in acts else []
        egress.close()
    times["probe"] = [seconds(probe_host) for _ in range(5)]
    return {name: statistics.median(taken) for name, taken in times.items() if taken}


def measure_walk(root: Path) -> tuple[float, float]:
    """Returns the seconds of a survey of 100,000 files, the first time and when nothing changed."""
    for number in range(FILES // PER_DIRECTORY):
        directory = root / f"d{number // 20}" / f"e{number}"
        directory.mkdir(parents=True)
        for name in range(PER_DIRECTORY):
            (directory / f"file{name}.txt").touch()
    rules = tuple(
        Rule(capability=Capability.READ, verdict=Outcome.DENY, pattern=pattern, layer=LayerKind.BUILTIN)
        for pattern in DENIES
    )
    envelope = Envelope(read_allow=(f"{root}/**",), read_deny=rules)
    memory = WalkMemory()
    time.sleep(0.2)  # directories count as settled after a moment

    def look() -> Survey:
        return survey(envelope, ViewSettings(root=str(root), home=str(root)), memory)

    return seconds(look), statistics.median(seconds(look) for _ in range(5))


def main(runs: int) -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory(prefix="rundown-bench-", dir="/var/tmp") as folder:
        root = Path(folder).resolve()
        (root / "dist").mkdir()
        rows = measure_steps(root, runs)
        first, again = measure_walk(root)
    for name, taken in sorted(rows.items(), key=lambda row: row[1]):
        ratio = f"{taken / rows['bwrap']:6.2f} x bwrap" if "bwrap" in rows else ""
        print(f"{name:26} {taken * 1000:8.2f} ms   {ratio}")
    print(f"{'100,000 files, first':26} {first * 1000:8.2f} ms")
    print(f"{'100,000 files, again':26} {again * 1000:8.2f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
