"""The question about one connection."""

import asyncio
from typing import Any

import pytest

from rundown.prompt.host import HostPrompt
from rundown.render.style import Style
from rundown.session.ports import Answer, Choice
from tests.support.pictures import SIZES, check_picture, settle
from tests.support.questions import host_question
from tests.unit.prompt.conftest import PICTURES, Shows, keys_answer

STYLE = Style(color=True)


def answers(shows: Shows, *keys: str) -> Any:
    return keys_answer(shows, HostPrompt(host_question(), STYLE), *keys)


@pytest.mark.parametrize(
    ("key", "choice"),
    [
        ("n", Choice.DENY),
        ("enter", Choice.DENY),
        ("ctrl+c", Choice.DENY),
        ("ctrl+d", Choice.DENY),
        ("y", Choice.ONCE),
        ("s", Choice.SESSION),
        ("a", Choice.TYPE_SESSION),
        ("p", Choice.ALWAYS_ME),
        ("P", Choice.ALWAYS_PROJECT),
        ("d", Choice.DENY_TYPE),
    ],
)
def test_each_key_gives_its_answer(shows: Shows, key: str, choice: Choice) -> None:
    assert answers(shows, key) == Answer(choice=choice)


def test_asking_why_leaves_the_question_open(shows: Shows) -> None:
    assert answers(shows, "?") is None
    assert answers(shows, "?", "y") == Answer(choice=Choice.ONCE)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_it_looks_as_it_was_last_looked_at(shows: Shows, size: tuple[int, int]) -> None:
    async def ask() -> None:
        async with shows(HostPrompt(host_question(), STYLE), size) as pilot:
            await settle(pilot)
            check_picture(pilot.app, PICTURES, f"host-{size[0]}x{size[1]}")

    asyncio.run(ask())
