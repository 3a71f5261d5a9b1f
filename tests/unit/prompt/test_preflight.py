"""The question before the first step."""

import asyncio
from typing import Any

import pytest

from rundown.model.policy import Outcome
from rundown.prompt.preflight import PreflightPrompt
from rundown.render.style import Style
from rundown.session.ports import Foreseen
from tests.support.pictures import SIZES, check_picture, settle
from tests.unit.prompt.conftest import PICTURES, Shows, keys_answer

STYLE = Style(color=True)
QUESTIONS = (
    Foreseen(text="run kubectl", positions=("2", "4"), outcome=Outcome.ASK),
    Foreseen(text="run jq", positions=("3",), outcome=Outcome.ASK),
    Foreseen(
        text="write {repo}/** (they may change files of this project)", positions=("1",), outcome=Outcome.ASK
    ),
)
DENIALS = (Foreseen(text="run rm", positions=("5",), outcome=Outcome.DENY),)


def answers(shows: Shows, *keys: str) -> Any:
    return keys_answer(shows, PreflightPrompt(QUESTIONS, DENIALS, STYLE), *keys)


@pytest.mark.parametrize("key", ["n", "enter", "ctrl+c", "ctrl+d"])
def test_what_is_no_yes_allows_nothing_now(shows: Shows, key: str) -> None:
    assert answers(shows, key) == (False, False, False)


def test_all_can_be_allowed_at_once(shows: Shows) -> None:
    assert answers(shows, "a") == (True, True, True)
    assert answers(shows, "down", "enter") == (True, True, True)


def test_one_by_one_gives_an_answer_for_each(shows: Shows) -> None:
    assert answers(shows, "r", "y", "enter", "y") == (True, False, True)
    assert answers(shows, "r", "y", "y") is None
    assert answers(shows, "r", "y", "ctrl+c") == (False, False, False)


def test_what_is_reviewed_is_in_sight_whatever_is_above_it_and_however_narrow_it_gets(shows: Shows) -> None:
    many = tuple(
        Foreseen(
            text=f"run ./tool-{place}: {'no rule names it, ' * 6}", positions=("1",), outcome=Outcome.ASK
        )
        for place in range(12)
    )

    def in_sight(app: Any) -> bool:
        return "▶" in app.export_screenshot(title="")

    async def ask() -> list[bool]:
        async with shows(PreflightPrompt(many, (), STYLE), (80, 24)) as pilot:
            await pilot.press("r")
            seen = []
            for _ in many[1:]:
                await settle(pilot)
                seen.append(in_sight(pilot.app))
                await pilot.press("y")
            await pilot.resize_terminal(40, 24)
            await settle(pilot)
            return [*seen, in_sight(pilot.app)]

    assert asyncio.run(ask()) == [True] * len(many)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["all", "singly"])
def test_it_looks_as_it_was_last_looked_at(shows: Shows, name: str, size: tuple[int, int]) -> None:
    async def ask() -> None:
        async with shows(PreflightPrompt(QUESTIONS, DENIALS, STYLE), size) as pilot:
            if name == "singly":
                await pilot.press("r", "y")
                await pilot.pause()
            await settle(pilot)
            check_picture(pilot.app, PICTURES, f"preflight-{name}-{size[0]}x{size[1]}")

    asyncio.run(ask())
