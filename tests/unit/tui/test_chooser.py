"""Without a file: the project's runbooks and runs, and what can be opened by a name."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from rundown.errors import InvalidInputError
from rundown.session.wish import Wish
from rundown.tui.app import RundownApp
from rundown.tui.conductor import Manner
from rundown.tui.help import HelpScreen
from rundown.tui.opening import Shelves
from rundown.tui.run_screen import RunScreen
from rundown.tui.themes import LIGHT
from tests.support.project import commit_all, rundown
from tests.support.surroundings import surroundings
from tests.support.tui import ScriptedConductor, text_of

HELLO = "---\nname: hello\ndescription: Says hello\n---\n# Hello\n\n## 1. Say\n\n```sh\necho hello\n```\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / "runbooks").mkdir(parents=True)
    (place / "runbooks/hello.runbook.md").write_text(HELLO)
    (place / "runbooks/torn.runbook.md").write_text("# Torn\n\n## 1. Say\n\n- PASS GOTO 9\n")
    commit_all(place, "Start")
    return place


def shelves(project: Path) -> Shelves:
    around = replace(surroundings(project.parent), cwd=project)
    return Shelves(Manner(around=around, wish=Wish()))


def played(project: Path, play: Callable[[Pilot[None]], Awaitable[Any]]) -> Any:
    """Returns what a play on the list returns."""

    async def go() -> Any:
        app = RundownApp(None, shelves(project), conduct=ScriptedConductor)  # type: ignore[arg-type]
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            return await play(pilot)

    return asyncio.run(go())


def test_the_list_tells_of_each_runbook_and_names_what_is_wrong_with_one(project):
    found = {item.name: (item.state, bool(item.told)) for item in shelves(project).runbooks()}
    assert found == {
        "runbooks/hello.runbook.md": ("", True),
        "runbooks/torn.runbook.md": ("damaged", True),
    }


def test_enter_opens_and_b_leads_back(project):
    async def play(pilot: Pilot[None]) -> Any:
        await pilot.press("enter")
        await pilot.pause()
        screen = pilot.app.screen
        assert isinstance(screen, RunScreen)
        name = screen.errand.opened.runbook.front.name
        await pilot.press("b")
        await pilot.pause()
        return name, "Recent runs" in text_of(pilot.app)

    assert played(project, play) == ("hello", True)


def test_a_runbook_that_is_not_valid_is_not_opened_and_says_why(project):
    async def play(pilot: Pilot[None]) -> Any:
        await pilot.press("down", "enter")
        await pilot.pause()
        return isinstance(pilot.app.screen, RunScreen), len(pilot.app._notifications)

    assert played(project, play) == (False, 1)


def test_u_reads_again_tab_changes_the_list_and_shift_t_the_theme(project):
    async def play(pilot: Pilot[None]) -> Any:
        (project / "runbooks/later.runbook.md").write_text(HELLO)
        await pilot.press("u", "tab", "T")
        await pilot.pause()
        focused = pilot.app.screen.focused
        return "later.runbook.md" in text_of(pilot.app), focused.id if focused else "", pilot.app.theme

    assert played(project, play) == (True, "runs", LIGHT)


def test_question_mark_shows_the_keys_and_q_leaves(project):
    async def play(pilot: Pilot[None]) -> Any:
        await pilot.press("question_mark")
        is_help = isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("escape", "q")
        await pilot.pause()
        return is_help, pilot.app._exit

    assert played(project, play) == (True, True)


def test_a_name_a_path_and_a_run_are_opened_by_what_they_are_called(project):
    ran = rundown(project, "run", "hello", "--non-interactive", "--no-sandbox")
    assert ran.returncode == 0, ran.stderr
    found = shelves(project)
    (run,) = found.runs()
    opened = [found.open(name) for name in ("hello", "runbooks/hello.runbook.md", run.argument, "last")]
    assert [(item.opened.runbook.front.name, item.run_id) for item in opened] == [
        ("hello", ""),
        ("hello", ""),
        ("hello", run.argument),
        ("hello", run.argument),
    ]
    assert opened[2].earlier[-1].body.status == "completed"  # type: ignore[union-attr]


def test_what_is_neither_a_runbook_nor_a_run_is_refused(project):
    with pytest.raises(InvalidInputError) as refused:
        shelves(project).open("nothing-of-that-name")
    assert refused.value.diagnostics[0].code == "session/no-such-runbook"
