"""A run screen without an engine: a whole fake of the conductor, a clock that stands, a runbook to show."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from textual.message import Message
from textual.pilot import Pilot

from rundown.engine.course import chart
from rundown.engine.machine import initial
from rundown.engine.state import State
from rundown.model.event import (
    Body,
    Event,
    LaunchRequested,
    ProcessEnded,
    RunFinished,
    RunPaused,
    RunStarted,
    StepFinished,
    StepStarted,
)
from rundown.model.policy import Fix, Grant, Outcome, Ruling
from rundown.model.request import Capability, Operation
from rundown.model.sandbox import ProcessResult
from rundown.session.library import Document, Opened
from rundown.session.outlook import Outlook
from rundown.session.ports import Foreseen
from rundown.session.run import Ended
from rundown.session.wish import Wish
from rundown.syntax.parse import parse_runbook
from rundown.tui import messages
from rundown.tui.app import RundownApp
from rundown.tui.conductor import Errand, Manner
from rundown.tui.frontend import Shelf
from rundown.tui.opening import Shelves
from rundown.tui.run_screen import RunScreen
from tests.support.patience import PATIENCE_SECONDS, POLL_SECONDS
from tests.support.surroundings import surroundings

ROLLOUT = """---
name: rollout
description: Rolls a new version of the shop out
inputs:
  version: {description: What to roll out, pattern: "v[0-9.]+"}
  stage: {options: [staging, live], default: staging}
  token: {description: For the registry, secret: true}
required: [version]
---

# Roll the shop out

## 1. Look at what runs

Compare the **version** that answers with the one that should:

- the answer must come from all three machines
- a stale one is *not* an error yet

```bash
curl --fail https://shop.internal/version
```

## 2. Roll {{version}} out

### 2.1 Move the traffic away

```bash
kubectl drain shop-1 --ignore-daemonsets
```

### 2.2 Change the image

- PASS CONTINUE
- FAIL GOTO Back

```bash
kubectl set image deployment/shop shop=registry.internal/shop:{{version}}
kubectl rollout status deployment/shop --timeout=90s
```

## 3. Ask somebody to look

Open the shop, buy something small, and see whether the mail comes.

## 4. Say so

- PASS COMPLETE "rolled out"
- FAIL STOP "nobody was told"

```bash
jq -n '{text: "done"}' | tee report.json
```

## Back: to the version before

```bash
kubectl rollout undo deployment/shop
```
"""
AT = "2026-01-05T09:30:0{}.000000Z"
PULL = Foreseen(
    text="run kubectl",
    positions=("2.1", "2.2", "Back"),
    outcome=Outcome.ASK,
    grants=(Grant(capability=Capability.RUN, pattern="kubectl", resolved="/usr/bin/kubectl"),),
)
REPORT = Foreseen(
    text="write report.json",
    positions=("4",),
    outcome=Outcome.ASK,
    grants=(Grant(capability=Capability.WRITE, pattern="/srv/shop/report.json"),),
)
CURL = Foreseen(
    text="run curl",
    positions=("1",),
    outcome=Outcome.DENY,
    ruling=Ruling(
        operation=Operation(capability=Capability.RUN, resource="curl"),
        outcome=Outcome.DENY,
        why='deny "curl" (built-in policy)',
        fix=Fix(flag="--allow-run curl", yaml="default: {run: {allow: [curl]}}"),
    ),
)
POLICY = (
    "documents  .rundownrc.yaml, builtin.yaml  (most specific first; project: trusted)",
    "mode       run: prompted, read: prompted, write: prompted",
    "",
    "run",
    "  deny   curl                                          builtin.yaml:135",
    "  allow  git                                           builtin.yaml:12",
    "  allow  kubectl get                                   .rundownrc.yaml:4",
)


def read(text: str = ROLLOUT) -> Opened:
    """Returns a runbook as if it came from standard input."""
    parsed = parse_runbook(text.encode(), "rollout.runbook.md")
    assert parsed.runbook is not None, parsed.diagnostics
    document = Document(file="rollout.runbook.md", path=None, content=text.encode())
    return Opened(document=document, runbook=parsed.runbook, warnings=())


class ScriptedHelm:
    """Keeps what is ordered; None stands for "run it"."""

    def __init__(self) -> None:
        self.stepping = False
        self.orders: list[Any] = []
        self.pauses = 0

    def order(self, facts: Any) -> None:
        self.orders.append(facts)

    def pause(self) -> None:
        self.pauses += 1


class ScriptedConductor:
    """Says that the house is open, and keeps what it is told to do in `done`."""

    def __init__(self, errand: Errand, post: Callable[[Message], object]) -> None:
        self.errand, self.post = errand, post
        self.shelf = Shelf()
        self.helm = ScriptedHelm()
        self.ended: Ended | None = None
        self.done: list[Any] = []
        self.granted: tuple[Grant, ...] = ()
        self.runs = False
        self.outlook = Outlook(asks=(PULL, REPORT), denials=(CURL,))

    def begin(self, *, lends: bool) -> None:
        self.post(messages.HouseOpened(POLICY, "/srv/shop"))
        self.post(messages.Looked(self.outlook))

    def start(self, opened: Opened, given: Any) -> None:
        self.done.append(("start", given.texts))

    def resume(self, run_id: str, order: Any = None) -> None:
        self.done.append(("resume", run_id, order))

    def interrupt(self) -> bool:
        self.done.append("interrupt")
        return self.runs

    def resize(self, rows: int, columns: int) -> None:
        pass

    def grants(self) -> tuple[Grant, ...]:
        return self.granted

    def revoke(self, grant: Grant) -> None:
        self.granted = tuple(item for item in self.granted if item != grant)
        self.done.append(("revoke", grant.pattern))

    def allow_ahead(self, items: tuple[Foreseen, ...]) -> None:
        self.granted += tuple(grant for item in items for grant in item.grants)
        self.done.append(("ahead", tuple(item.text for item in items)))

    def look(self, given: Any) -> Outlook:
        left = tuple(item for item in self.outlook.asks if not set(item.grants) <= set(self.granted))
        return replace(self.outlook, asks=left)

    def close(self) -> None:
        self.done.append("close")
        self.post(messages.Closed())

    def join(self, seconds: float) -> bool:
        return True


def event(seq: int, body: Body) -> Event:
    """Returns an event at a fixed time."""
    return Event(seq=seq, at=AT.format(seq % 10), prev="", body=body)


def started() -> RunStarted:
    """Returns the first fact."""
    return RunStarted(
        run_id="0198f000-0000-7000-8000-00000000beef",
        runbook_file="rollout.runbook.md",
        runbook_digest="sha256:0",
        root="/srv/shop",
        rundown_version="1",
    )


def ran(step: str, substep: str | None, title: str, status: int = 0, ms: int = 1200) -> list[Body]:
    """Returns the facts of a unit that ran."""
    position = step if substep is None else f"{step}.{substep}"
    result = ProcessResult(ending="exited", status=status, duration_ns=ms * 1_000_000)
    return [
        StepStarted(step=step, substep=substep, title=title),
        LaunchRequested(request="sha256:1", position=position, plan="sha256:2"),
        ProcessEnded(
            request="sha256:1",
            position=position,
            result=result,
            output=f"output/{position}.1.log",
            output_digest="sha256:3",
        ),
        StepFinished(
            step=step, substep=substep, result="pass" if status == 0 else "fail", reported_by="process"
        ),
    ]


class Stage:
    """A run screen in a test, told what an engine would tell."""

    def __init__(self, pilot: Pilot[None], opened: Opened) -> None:
        self.pilot, self.opened = pilot, opened
        self._seq = 0

    @property
    def screen(self) -> RunScreen:
        """The screen of the run, whatever lies over it."""
        return next(item for item in self.pilot.app.screen_stack if isinstance(item, RunScreen))

    @property
    def conductor(self) -> ScriptedConductor:
        """Its conductor."""
        found: Any = self.screen.conductor
        return found

    async def tell(self, *told: Message | Body) -> None:
        """Tells messages, and facts as events on record."""
        for item in told:
            if isinstance(item, Message):
                self.screen.post_message(item)
                continue
            if isinstance(item, StepStarted):
                self.conductor.shelf.begin(1, item.position)
            self.screen.post_message(messages.EventShown(1, event(self._seq, item)))
            self._seq += 1
        await self.pilot.pause()

    async def run(self, *facts: Body) -> None:
        """A run is driven, and these are its facts after the first."""
        await self.tell(messages.RunOpened(1, self.opened.runbook, (), is_child=False), started(), *facts)

    async def hold(self, step: str, substep: str | None = None) -> None:
        """The run is held before a unit."""
        course = chart(self.opened.runbook)
        state = replace(initial(course), step=step, substep=substep, phase="act", lifecycle="running")
        title = course.unit(step, substep).title
        await self.tell(StepStarted(step=step, substep=substep, title=title), messages.Held(course, state))

    async def rest(self, pause: RunPaused | None = None, status: str = "completed") -> None:
        """The run comes to rest."""
        fact: Body = pause or RunFinished(status=status, message="")  # type: ignore[arg-type]
        state = State(step="1", lifecycle="paused" if pause else status)  # type: ignore[arg-type]
        ended = Ended(run_id=started().run_id, path=Path("/nowhere"), state=state, pause=pause)
        await self.tell(fact, messages.CameToRest(ended=ended))

    async def press(self, *keys: str) -> None:
        """Presses keys, and lets what they bring about happen."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def reply(self, ask: messages.Ask[Any, Any]) -> Any:
        """Returns the answer to a question once it is given."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not ask.reply.done() or ask in self.screen.asks:
                await self.pilot.pause(POLL_SECONDS)
        return ask.reply.result()

    def text(self) -> str:
        """Returns what the whole screen shows, as text."""
        return text_of(self.pilot.app)


def text_of(app: Any) -> str:
    """Returns what an app shows, as text."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text[:width].rstrip() for strip in strips[:height])


@asynccontextmanager
async def on_stage(
    folder: Path, size: tuple[int, int] = (80, 24), *, text: str = ROLLOUT, light: bool = False, **errand: Any
) -> AsyncIterator[Stage]:
    """Shows a run screen over a scripted conductor; its prompts take answers at once."""
    opened = read(text)
    manner = Manner(around=surroundings(folder), wish=Wish())
    app = RundownApp(
        Errand(manner=manner, opened=opened, **errand),
        Shelves(manner),
        clock=lambda: 0,
        light=light,
        conduct=ScriptedConductor,  # type: ignore[arg-type]
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Stage(pilot, opened)
