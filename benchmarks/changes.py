"""What it costs to see what a step changed: beside a confined `true`, by how much the step may write.

    python -m benchmarks.changes [RUNS]

Prints medians, and the ratio of a bare sandboxed step with its looks to the same without: wanted is below
1.25 in a project with 1,000 files that a step may write, and about 2 µs a file above. `first` is paid once a
run. What holds more than `Limits.entries` names is given up, which the last row shows.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rundown.model.policy import Allowed, Envelope
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import SandboxPlan
from rundown.record.changes import Watch
from rundown.record.place import RunsPlace
from rundown.record.rundir import RunDirectory
from rundown.record.snapshot import Limits
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey

PER_FOLDER = 100
FRESH_NS = 250_000_000
SIZES = (0, 1_000, 10_000, Limits().entries - Limits().entries // PER_FOLDER - 1, Limits().entries + 1)


def fill(tree: Path, files: int) -> None:
    """Makes so many files of 1 KiB, a hundred to a folder."""
    for number in range(files):
        folder = tree / f"d{number // PER_FOLDER}"
        if number % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"f{number}.txt").write_bytes(b"%d\n" % number + b"x" * 1000)


def plan_true(root: Path) -> SandboxPlan:
    """Returns the plan of a step that does nothing."""
    view = ViewSettings(root=str(root), home=str(root))
    envelope = Envelope(read_allow=(f"{root}/**",), write_allow=(f"{root}/dist/**",))
    request = ExecutionRequest(
        run_id="r", position="1", attempt=1, kind="sh", text="", argv=("/bin/sh", "-c", "true"),
        cwd=str(root), env_names=(), operations=(),
    )  # fmt: skip
    allowed = Allowed(request=request, rulings=(), envelope=envelope)
    settings = LaunchSettings(view=view, env=(("PATH", "/usr/bin:/bin"),))
    found = plan_sandbox(allowed, probe_host(), survey(envelope, view), settings)
    assert isinstance(found, SandboxPlan), found
    return found


def measure(folder: Path, files: int, runs: int) -> None:
    """Prints one line: the first look, the looks of one step, the step, and the ratio."""
    root = folder / "project"
    tree = root / "dist"
    tree.mkdir(parents=True)
    fill(tree, files)
    rundir = RunDirectory.create(RunsPlace(root=root, state_home=folder / "state"), now_ns=time.time_ns())
    watch = Watch(time.time_ns, fresh_ns=FRESH_NS)
    begun = time.perf_counter()
    watch.begin((str(tree),))
    first = time.perf_counter() - begun
    plan, looks, steps = plan_true(root), [], []
    with Launcher(probe_host()) as launcher:
        for _ in range(runs):
            begun = time.perf_counter()
            launcher.launch(plan, lambda stream, chunk: None)
            ended = time.perf_counter()
            watch.settle("1", 1, rundir, bytes)
            watch.begin((str(tree),))
            looks.append(time.perf_counter() - ended)
            steps.append(ended - begun)
    look, step = median(looks) * 1e3, median(steps) * 1e3
    print(
        f"{files:>6} files   first {first * 1e3:7.1f} ms   a step's looks {look:7.2f} ms   "
        f"confined true {step:6.2f} ms   x{(step + look) / step:.2f}"
    )


def main() -> None:
    """Measures each size."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    for files in SIZES:
        with tempfile.TemporaryDirectory() as name:
            measure(Path(name), files, runs)


if __name__ == "__main__":
    main()
