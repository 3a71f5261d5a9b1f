"""Questions that are a few choices: what no answer means, each key, how they look."""

import asyncio
from typing import Any

import pytest

from rundown.prompt.ahead import AheadPrompt
from rundown.prompt.base import Prompt
from rundown.prompt.choice import Asking, ChoicePrompt
from rundown.prompt.failure import FailurePrompt
from rundown.render.style import Style
from rundown.session.ports import Ahead, Failure, Mend, Subject
from tests.support.pictures import SIZES, check_picture, settle
from tests.support.questions import DEPLOY
from tests.unit.prompt.conftest import PICTURES, Shows, keys_answer

STYLE = Style(color=True)
SUBJECT = Subject(title="Roll the new version out", progress="3/12")
FAILURE = Failure(position="2.1", subject=SUBJECT, ending="exit status 3", text=DEPLOY, has_shell=True)


def failure() -> Prompt[Any]:
    return FailurePrompt(FAILURE, STYLE)


def ahead() -> Prompt[Any]:
    return AheadPrompt(Ahead(position="2.1", subject=SUBJECT, text=DEPLOY), STYLE)


def choice() -> Prompt[Any]:
    choices = [("n", "no", False), ("y", "yes", True)]
    return ChoicePrompt(Asking(title="Confirm", sentence="Drop the table?", choices=choices), STYLE)


PROMPTS = {"failure": failure, "ahead": ahead, "choice": choice}


def answer(shows: Shows, name: str, *keys: str) -> Any:
    return keys_answer(shows, PROMPTS[name](), *keys)


@pytest.mark.parametrize(
    ("name", "keys", "given"),
    [
        ("failure", ["x"], Mend(kind="stop")),
        ("failure", ["r"], Mend(kind="again")),
        ("failure", ["s"], Mend(kind="shell")),
        ("failure", ["p"], Mend(kind="pass")),
        ("failure", ["k"], Mend(kind="skip")),
        ("failure", ["e", "X", "ctrl+s"], Mend(kind="edit", text="X" + DEPLOY.rstrip("\n"))),
        ("failure", ["e", "ctrl+s"], None),
        ("failure", ["e", "X", "escape"], None),
        ("failure", ["e", "X", "escape", "r"], Mend(kind="again")),
        ("ahead", ["r"], "run"),
        ("ahead", ["a"], "rest"),
        ("ahead", ["k"], "skip"),
        ("ahead", ["x"], "stop"),
        ("choice", ["y"], True),
        ("choice", ["n"], False),
    ],
)
def test_each_key_gives_its_answer(shows: Shows, name: str, keys: list[str], given: Any) -> None:
    assert answer(shows, name, *keys) == given


@pytest.mark.parametrize("key", ["enter", "ctrl+c", "ctrl+d"])
@pytest.mark.parametrize(
    ("name", "refusal"), [("failure", Mend(kind="stop")), ("ahead", "stop"), ("choice", False)]
)
def test_no_answer_is_the_careful_one(shows: Shows, name: str, refusal: Any, key: str) -> None:
    assert answer(shows, name, key) == refusal


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PROMPTS)
def test_it_looks_as_it_was_last_looked_at(shows: Shows, name: str, size: tuple[int, int]) -> None:
    async def ask() -> None:
        async with shows(PROMPTS[name](), size) as pilot:
            await settle(pilot)
            check_picture(pilot.app, PICTURES, f"{name}-{size[0]}x{size[1]}")

    asyncio.run(ask())
