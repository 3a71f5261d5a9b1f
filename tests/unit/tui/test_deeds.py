"""Every key is in the table, and the table is what footer, tabs and palette show."""

import asyncio
from pathlib import Path
from typing import get_args

import pytest
from textual.binding import Binding

from rundown.tui.app import RundownApp
from rundown.tui.deeds import DEEDS, bare
from rundown.tui.key_bar import KeyBar
from rundown.tui.run_screen import RunScreen
from rundown.tui.words import Situation
from tests.support.tui import PULL, on_stage

OTHER_KEYS = {"ctrl+c": "kill", "ctrl+q": "leave", "escape": "end_find"}
"""Keys that stand for one in the table, and the way out of a search."""


def test_a_key_has_one_meaning():
    keys = [deed.key for deed in DEEDS]
    assert sorted(keys) == sorted(set(keys))


def test_every_key_of_the_screen_and_the_program_is_in_the_table():
    bindings = [item for item in (*RunScreen.BINDINGS, *RundownApp.BINDINGS) if isinstance(item, Binding)]
    bound = {item.key: bare(item.action) for item in bindings}
    tabled = {deed.key: bare(deed.action) for deed in DEEDS}
    assert {key: action for key, action in bound.items() if tabled.get(key) != action} == OTHER_KEYS
    assert set(tabled) <= set(bound)


@pytest.mark.parametrize("situation", get_args(Situation))
def test_footer_and_palette_hold_whatever_can_be_done(situation: Situation, tmp_path: Path):
    async def play() -> tuple[set[str], set[str], set[str]]:
        async with on_stage(tmp_path, (140, 45)) as stage:
            stage.conductor.granted = PULL.grants
            await stage.press("3")
            screen = stage.screen
            screen.situation = situation
            screen.refresh_all()
            panes = {deed.shown for deed in DEEDS if deed.action.startswith("pane")}
            shown = {key for key, _, _ in screen.query_one("#keys", KeyBar)._words} | panes
            told = {item.help for item in stage.pilot.app.get_system_commands(screen)}
            found = {deed.shown for deed in DEEDS if deed.told in told} | {"^p"}
            can = {deed.shown for deed in DEEDS if screen.can(bare(deed.action))}
            return can, shown, found

    can, shown, found = asyncio.run(play())
    assert (shown, found) == (can, can)
