"""How the terminal UI stands 60,000 lines of output at full speed: keys, memory, and how long a search takes.

Run: `python benchmarks/tui.py [LINES]`. A real engine on its own thread feeds the screen while keys are
pressed; a key's time runs from the moment it is pressed until the screen has drawn what it brought about.
The bound is for 19 of 20 keys, so that what else the machine does at the moment is not measured with it.
"""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from textual import events

from rundown.cli.surroundings import read_surroundings
from rundown.session.wish import Wish
from rundown.tui.app import RundownApp
from rundown.tui.conductor import Manner
from rundown.tui.launch import SWITCH_S
from rundown.tui.line_pane import LinePane
from rundown.tui.opening import Shelves
from rundown.tui.run_screen import RunScreen

LINES = 60_000
MOST_KEY_MS, MOST_MIB = 100, 300
TEXT = """# Much

## 1. Print

```sh
seq -f 'line %.0f of many, as long as a line of a build usually is: compiling something' {lines}
```
"""


async def press(app: RundownApp, key: str) -> float:
    """Returns how long a key took to be answered, in milliseconds."""
    before = time.perf_counter()
    app.post_message(events.Key(key, key if len(key) == 1 else None))
    drawn = asyncio.Event()
    app.call_later(lambda: app.screen.call_after_refresh(drawn.set))
    await drawn.wait()
    return (time.perf_counter() - before) * 1000


async def measure(lines: int) -> int:
    """Runs it; returns the exit code."""
    (Path.cwd() / "much.runbook.md").write_text(TEXT.format(lines=lines))
    shelves = Shelves(Manner(around=read_surroundings(), wish=Wish()))
    app = RundownApp(shelves.open("much.runbook.md"), shelves)
    took: list[float] = []
    sys.setswitchinterval(SWITCH_S)
    async with app.run_test(size=(140, 45)) as pilot:
        screen = app.screen_stack[-1]
        assert isinstance(screen, RunScreen)
        while screen.situation != "ready":
            await pilot.pause(0.02)
        idle = [await press(app, key) for key in ("2", "4", "2", "4", "2")]
        await pilot.press("r")
        began = time.perf_counter()
        while not took or screen.situation != "over":
            for key in ("2", "up", "down", "4", "2"):
                took.append(await press(app, key))
        flowed = time.perf_counter() - began
        await pilot.press("2", "tab")
        pane = screen.query_one("#output", LinePane)
        shown = pane.lines.end
        before = time.perf_counter()
        pane.search(f"line {lines - 1} of")
        search_ms = (time.perf_counter() - before) * 1000
        await pilot.press("q")
    app.let_go()
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took.sort()
    usual, worst = took[int(len(took) * 0.95)], took[-1]
    print(f"lines shown        {shown}")
    print(f"the run took       {flowed:.1f} s, {lines / flowed:,.0f} lines a second")
    print(
        f"keys while it ran  {len(took)}: median {statistics.median(took):.0f} ms, "
        f"19 of 20 within {usual:.0f} ms, worst {worst:.0f} ms"
    )
    print(f"keys when idle     median {statistics.median(idle):.0f} ms")
    print(f"a search           {search_ms:.0f} ms")
    print(f"memory at most     {mib:.0f} MiB")
    fine = shown >= lines and usual <= MOST_KEY_MS and mib <= MOST_MIB
    print("within bounds" if fine else f"NOT within {MOST_KEY_MS} ms and {MOST_MIB} MiB")
    return 0 if fine else 1


def main() -> int:
    """Measures in a project of its own."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    with tempfile.TemporaryDirectory(prefix="rundown-tui-") as folder:
        os.environ["HOME"] = folder
        project = Path(folder, "project")
        project.mkdir()
        subprocess.run(["git", "init", "--quiet", project], check=True)
        os.chdir(project)
        return asyncio.run(measure(lines))


if __name__ == "__main__":
    sys.exit(main())
