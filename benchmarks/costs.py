"""What rundown costs beside what it wraps: medians of one run, as ratios to `sh -c true`.

    python -m benchmarks.costs [RUNS]

Whole processes, wall clock. bwrap is left out where it is not installed. The row `step` is the cost of one
more sandboxed step in a run that is going: the difference between a run of 41 steps and one of 1, by 40.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = 40
RUNDOWN = [sys.executable, "-m", "rundown"]


def median_seconds(words: list[str], runs: int, cwd: Path) -> float:
    """Returns the median time of a command after one run that does not count."""
    times = []
    for count in range(runs + 1):
        begun = time.perf_counter()
        subprocess.run(words, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        if count:
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def runbook(steps: int) -> str:
    """Returns a runbook of that many steps, each `true`."""
    return "# Cost\n\n" + "".join(f"## {step}. True\n```sh\n/bin/true\n```\n" for step in range(1, steps + 1))


def measure(runs: int) -> dict[str, float]:
    """Returns the median seconds of each row."""
    with tempfile.TemporaryDirectory(prefix="rundown-costs-") as folder:
        place = Path(folder)
        (place / ".rundown").mkdir()
        (place / "one.runbook.md").write_text(runbook(1))
        (place / "many.runbook.md").write_text(runbook(STEPS + 1))
        run = [*RUNDOWN, "run", "--non-interactive", "--allow-run", "/bin/true,true"]
        commands = {
            "sh -c true": ["sh", "-c", "true"],
            "python -c pass": [sys.executable, "-c", "pass"],
            "rundown --version": [*RUNDOWN, "--version"],
            "rundown check": [*RUNDOWN, "check", "one.runbook.md"],
            "rundown exec": [*RUNDOWN, "exec", "--", "/bin/true"],
            "rundown run, 1 step": [*run, "one.runbook.md"],
            f"rundown run, {STEPS + 1} steps": [*run, "many.runbook.md"],
        }
        if shutil.which("bwrap"):
            view = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
            commands["bwrap --unshare-all true"] = ["bwrap", "--unshare-all", *view, "/bin/true"]
        rows = {name: median_seconds(words, runs, place) for name, words in commands.items()}
    more = rows[f"rundown run, {STEPS + 1} steps"] - rows["rundown run, 1 step"]
    return {**rows, "step": more / STEPS}


def main() -> None:
    """Prints milliseconds, and ratios to a bare shell and (for a step) to bwrap."""
    rows = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
    base = rows["sh -c true"]
    for name, seconds in rows.items():
        print(f"{name:<28} {seconds * 1000:8.2f} ms   {seconds / base:7.1f} x sh")
    bwrap = rows.get("bwrap --unshare-all true")
    if bwrap is not None:
        print(f"one sandboxed, decided and recorded step costs {rows['step'] / bwrap:.2f} x bwrap")
    above = rows["rundown --version"] - rows["python -c pass"]
    print(f"--version is {above * 1000:.1f} ms above python -c pass")


if __name__ == "__main__":
    main()
