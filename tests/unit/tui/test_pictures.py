"""How each screen looks, at 80 by 24 and at 140 by 45."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from rundown.model.event import Event, RunPaused
from rundown.model.runbook import Input
from rundown.session.ports import Ahead, Failure, Subject
from rundown.session.wish import Wish
from rundown.tui.app import RundownApp
from rundown.tui.conductor import Manner
from rundown.tui.messages import Ask, Asked
from rundown.tui.modal import PromptScreen
from rundown.tui.opening import Shelf, Shelves
from rundown.tui.prompter import Doubt, Preflight, Sentence, Task
from tests.support.pictures import check_picture, settle
from tests.support.questions import KUBECTL, LOG, host_question, question
from tests.support.surroundings import surroundings
from tests.support.tui import CURL, PULL, REPORT, Stage, event, on_stage, ran, started

PICTURES = Path(__file__).parent / "pictures"
SIZES = ((80, 24), (140, 45))
SMALL = ((60, 20), (40, 12))
OUTPUT = (
    b"node/shop-1 cordoned\n"
    b"evicting pod shop/shop-7d9c\n"
    b"\x1b[33mWARNING: ignoring DaemonSet-managed Pods: logging/agent-x2\x1b[0m\n"
    b"progress 10%\rprogress 100%\n"
    b"\x1b]0;a title\x07\x1b[2Jpod/shop-7d9c evicted\n"
    b"node/shop-1 drained\n"
)
DENIED = RunPaused(reason="denied", position="1", detail="run curl")


async def ready(stage: Stage) -> None:
    """Nothing has run yet."""


async def running(stage: Stage) -> None:
    """A step runs and prints."""
    await stage.run(*ran("1", None, "Look at what runs"), *ran("2", "1", "Move the traffic away")[:2])
    stage.conductor.shelf.current.feed("stdout", OUTPUT)
    await stage.press("2")


async def wrapped(stage: Stage) -> None:
    """A line longer than the pane goes on in the next row."""
    await running(stage)
    long = "\x1b[31merror:\x1b[0m " + " ".join(f"replica-{number} is not ready" for number in range(12))
    stage.conductor.shelf.current.feed("stdout", f"{long} 完了 ✓\nnode/shop-1 left\n".encode())
    await stage.press("w")


async def found(stage: Stage) -> None:
    """Words were searched for in the output."""
    await running(stage)
    await stage.press("slash", *"shop-7", "enter")


async def held(stage: Stage) -> None:
    """Step by step, before the second step."""
    await stage.press("t")
    await stage.run(*ran("1", None, "Look at what runs"))
    await stage.hold("2", "1")


async def denied(stage: Stage) -> None:
    """Policy refused a step, and the run is paused."""
    await stage.run(*ran("1", None, "Look at what runs")[:1])
    await stage.rest(DENIED)


async def failed(stage: Stage) -> None:
    """The run stopped."""
    await stage.run(*ran("1", None, "Look at what runs", status=22))
    await stage.rest(status="stopped")


async def complete(stage: Stage) -> None:
    """The run is complete."""
    await stage.run(
        *ran("1", None, "Look at what runs"),
        *ran("2", "1", "Move the traffic away", ms=92_000),
        *ran("2", "2", "Change the image", ms=4_300),
        *ran("4", None, "Say so", ms=12),
    )
    await stage.rest()


async def policy(stage: Stage) -> None:
    """Policy in force, and grants."""
    stage.conductor.granted = (*PULL.grants, *REPORT.grants)
    stage.screen.refresh_all()
    await stage.press("3")


async def events(stage: Stage) -> None:
    """Events on record."""
    await complete(stage)
    await stage.press("4")


async def receipt(stage: Stage) -> None:
    """No receipt yet."""
    await stage.press("5")


async def marked(stage: Stage) -> None:
    """A step with all its substeps is marked."""
    await stage.press("down", "space")


def pressed(*keys: str) -> Callable[[Stage], Awaitable[None]]:
    """Returns a play of keys on a held run."""

    async def play(stage: Stage) -> None:
        await held(stage)
        await stage.press(*keys)

    return play


def asked(what: Any) -> Callable[[Stage], Awaitable[None]]:
    """Returns a play in which the engine asks."""

    async def play(stage: Stage) -> None:
        await stage.run(*ran("1", None, "Look at what runs"), *ran("2", "1", "Move the traffic away")[:1])
        if isinstance(what, Failure):
            stage.conductor.shelf.current.feed("stdout", OUTPUT)
        await stage.tell(Asked(Ask(what, None)))
        screen = stage.pilot.app.screen
        if isinstance(screen, PromptScreen):
            screen.prompt.arm()

    return play


async def form(stage: Stage) -> None:
    """The inputs before the start, one of them not fitting."""
    await stage.press("r", *"2.1", "ctrl+s")


async def palette(stage: Stage) -> None:
    """Every action by name."""
    await held(stage)
    await stage.press("ctrl+p", *"step")
    await found_in_palette(stage)


async def found_in_palette(stage: Stage) -> None:
    """Returns when the palette has found all it can."""
    await stage.pilot.app.workers.wait_for_complete()


SCREENS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "ready": ready,
    "running": running,
    "found": found,
    "wrapped": wrapped,
    "held": held,
    "denied": denied,
    "failed": failed,
    "complete": complete,
    "policy": policy,
    "events": events,
    "receipt": receipt,
    "marked": marked,
    "help": pressed("question_mark"),
    "goto": pressed("g"),
    "inputs": pressed("i"),
    "form": form,
    "palette": palette,
    "line": asked(Input(name="stage", description="Where it goes first", options=("staging", "live"))),
    "secret": asked(Input(name="token", description="For the registry", secret=True)),
    "ahead": asked(
        Ahead(
            position="2.2",
            subject=Subject(title="Change the image", progress="3/5"),
            text="kubectl set image deployment/shop shop=registry.internal/shop:v2.1\n"
            "kubectl rollout status deployment/shop --timeout=90s\n",
        )
    ),
    "end": pressed("x"),
    "leave": pressed("q"),
    "allow-ahead": pressed("space", "A"),
    "permission": asked(question(KUBECTL, LOG)),
    "host": asked(host_question()),
    "preflight": asked(Preflight(questions=(PULL, REPORT), denials=(CURL,))),
    "report": asked(Task(title="3 Ask somebody to look")),
    "doubt": asked(Doubt(title="step 2.1 Move the traffic away")),
    "failure": asked(
        Failure(position="2.1", subject=Subject(title="Move the traffic away"), ending="exit status 1")
    ),
    "trust": asked(Sentence(text=".rundownrc.yaml opens: run kubectl. Trust it as it is now?")),
}


def check_screen(name: str, size: tuple[int, int], folder: Path) -> None:
    async def show() -> None:
        async with on_stage(folder, size) as stage:
            await SCREENS[name](stage)
            await settle(stage.pilot)
            check_picture(stage.pilot.app, PICTURES, f"{name}-{size[0]}x{size[1]}")

    asyncio.run(show())


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x45"])
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_looks_as_it_did(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    check_screen(name, size, tmp_path)


@pytest.mark.parametrize("size", SMALL, ids=["60x20", "40x12"])
@pytest.mark.parametrize("name", ["running", "policy", "permission", "failure", "help"])
def test_a_screen_that_is_small_shows_what_matters(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    check_screen(name, size, tmp_path)


@pytest.mark.parametrize("name", ["running", "permission"])
def test_a_screen_looks_as_it_did_in_light(name: str, tmp_path: Path) -> None:
    async def show() -> None:
        async with on_stage(tmp_path, light=True) as stage:
            await SCREENS[name](stage)
            await settle(stage.pilot)
            check_picture(stage.pilot.app, PICTURES, f"{name}-light")

    asyncio.run(show())


def test_a_screen_looks_as_it_did_without_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def show() -> None:
        async with on_stage(tmp_path) as stage:
            await held(stage)
            await settle(stage.pilot)
            check_picture(stage.pilot.app, PICTURES, "held-plain")

    asyncio.run(show())


class _Full(Shelves):
    """Two runbooks and three runs."""

    def runbooks(self) -> tuple[Shelf, ...]:
        return (
            Shelf(
                argument="a", name="runbooks/rollout.runbook.md", told="Rolls a new version of the shop out"
            ),
            Shelf(
                argument="b", name="runbooks/torn.runbook.md", told="step 2 has no way out", state="damaged"
            ),
        )

    def runs(self) -> tuple[Shelf, ...]:
        rows = (("paused", "paused (denied)"), ("completed", "completed"), ("stopped", "stopped"))
        return tuple(
            Shelf(
                argument=f"run-{place}",
                name=f"2026-01-0{5 - place} 09:30  rollout.runbook.md",
                told=f"{told}  00000000beef",
                state=state,
            )
            for place, (state, told) in enumerate(rows)
        )


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "140x45"])
def test_the_list_of_runbooks_and_runs_looks_as_it_did(size: tuple[int, int], tmp_path: Path) -> None:
    async def show() -> None:
        app = RundownApp(None, _Full(Manner(around=surroundings(tmp_path), wish=Wish())))
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            check_picture(app, PICTURES, f"chooser-{size[0]}x{size[1]}")

    asyncio.run(show())


def test_a_run_on_record_is_shown_as_it_was_left(tmp_path: Path) -> None:
    facts = [started(), *ran("1", None, "Look at what runs"), *ran("2", "1", "Move")[:1], DENIED]
    earlier: tuple[Event, ...] = tuple(event(seq, fact) for seq, fact in enumerate(facts))

    async def show() -> str:
        async with on_stage(tmp_path, run_id=started().run_id, earlier=earlier) as stage:
            await settle(stage.pilot)
            return stage.text()

    text = asyncio.run(show())
    assert ("Paused." in text, "was refused: run curl" in text, "r run" in text) == (True, True, True), text
