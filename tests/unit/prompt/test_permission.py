"""The permission question: every key, every way of not saying yes, and how it looks."""

import asyncio
from typing import Any

import pytest

from rundown.prompt.permission import PermissionPrompt
from rundown.render.style import Style
from rundown.session.ports import Answer, Choice, Question, ToolProfile
from tests.support.pictures import SIZES, check_picture, settle
from tests.support.questions import ENV, KUBECTL, LOG, question
from tests.unit.prompt.conftest import PICTURES, Shows, keys_answer

STYLE = Style(color=True)
PROFILE = ToolProfile(name="tool/kubectl", tells=("run kubectl", "read ~/.kube/**"), is_root=False)


def answers(shows: Shows, asked: Question, *keys: str, size: tuple[int, int] = (80, 24)) -> Any:
    return keys_answer(shows, PermissionPrompt(asked, STYLE), *keys, size=size)


@pytest.mark.parametrize(
    ("key", "choice"),
    [
        ("n", Choice.DENY),
        ("y", Choice.ONCE),
        ("s", Choice.SESSION),
        ("a", Choice.TYPE_SESSION),
        ("p", Choice.ALWAYS_ME),
        ("P", Choice.ALWAYS_PROJECT),
        ("d", Choice.DENY_TYPE),
        ("t", Choice.TOOL),
    ],
)
def test_each_key_gives_its_answer_for_every_ask(shows: Shows, key: str, choice: Choice) -> None:
    asked = question(KUBECTL, ENV, profile=PROFILE)
    assert answers(shows, asked, key) == (Answer(choice=choice), Answer(choice=choice))


@pytest.mark.parametrize("key", ["enter", "ctrl+c", "ctrl+d"])
def test_what_is_no_yes_denies(shows: Shows, key: str) -> None:
    assert answers(shows, question(), key) == (Answer(choice=Choice.DENY),)


@pytest.mark.parametrize("key", ["x", "escape", "space", "t", "Y", "f1"])
def test_other_keys_answer_nothing(shows: Shows, key: str) -> None:
    assert answers(shows, question(), key) is None


def test_arrows_and_enter_answer_like_keys(shows: Shows) -> None:
    assert answers(shows, question(), "down", "enter") == (Answer(choice=Choice.ONCE),)
    assert answers(shows, question(), "right", "enter") == (Answer(choice=Choice.DENY_TYPE),)
    assert answers(shows, question(), "down", "up", "enter") == (Answer(choice=Choice.DENY),)


def test_a_yes_in_the_first_moment_is_not_taken(shows: Shows) -> None:
    async def ask() -> Any:
        prompt = PermissionPrompt(question(), STYLE)
        async with shows(prompt) as pilot:
            prompt.disarm()
            await pilot.press("y")
            early = pilot.app.return_value
            prompt.arm()
            await pilot.press("y")
            return early, pilot.app.return_value

    assert asyncio.run(ask()) == (None, (Answer(choice=Choice.ONCE),))


def test_asks_are_answered_one_by_one(shows: Shows) -> None:
    keys = ("r", "y", "s", "n")
    assert answers(shows, question(KUBECTL, ENV, LOG), *keys) == (
        Answer(choice=Choice.ONCE),
        Answer(choice=Choice.SESSION),
        Answer(choice=Choice.DENY),
    )


def test_the_pattern_is_what_the_person_made_of_it(shows: Shows) -> None:
    keys = ("e", "space", "g", "e", "t", "space", "asterisk", "enter", "s")
    assert answers(shows, question(), *keys) == (Answer(choice=Choice.SESSION, pattern="kubectl get *"),)


def test_leaving_the_editor_leaves_the_pattern(shows: Shows) -> None:
    assert answers(shows, question(), "e", "x", "escape", "s") == (Answer(choice=Choice.SESSION),)


def test_an_edited_command_is_an_answer_by_itself(shows: Shows) -> None:
    asked = question(text="kubectl get pods", editable=True)
    keys = ("e", "c", "e", "c", "h", "o", "space", "ctrl+s")
    assert answers(shows, asked, *keys) == (Answer(choice=Choice.EDIT, text="echo kubectl get pods"),)


def test_an_unchanged_command_goes_back_to_the_question(shows: Shows) -> None:
    asked = question(text="kubectl get pods", editable=True)
    assert answers(shows, asked, "e", "c", "ctrl+s", "y") == (Answer(choice=Choice.ONCE),)


@pytest.mark.parametrize("key", ["v", "?"])
def test_looking_closer_leads_back_to_the_question(shows: Shows, key: str) -> None:
    assert answers(shows, question(), key, "y") is None
    assert answers(shows, question(), key, "b", "y") == (Answer(choice=Choice.ONCE),)


LONG = "".join(f"echo line {number}\n" for number in range(200))


def test_a_long_command_cannot_be_allowed_before_its_end_was_shown(shows: Shows) -> None:
    asked = question(text=LONG)
    assert answers(shows, asked, "y") is None
    assert answers(shows, asked, "space", "space", "y") is None
    assert answers(shows, asked, "n") == (Answer(choice=Choice.DENY),)
    assert answers(shows, asked, *["space"] * 25, "y") == (Answer(choice=Choice.ONCE),)


def test_hidden_characters_are_shown_as_what_they_are(shows: Shows) -> None:
    spoof = "ls # \x1b[2K\x1b[1;32mfine \u202egnirts\u202c zero\u200bwidth \x9b31m [bold red]markup[/]"

    async def ask() -> str:
        asked = question(text=spoof, claim=spoof, diff=f"+{spoof}")
        async with shows(PermissionPrompt(asked, STYLE), (140, 45)) as pilot:
            return str(pilot.app.export_screenshot())

    drawn = asyncio.run(ask()).replace("&#160;", " ")
    assert [sign for sign in "\x1b\u202e\u202c\u200b\x9b" if sign in drawn] == []
    assert drawn.count("&lt;U+202E&gt;gnirts&lt;U+202C&gt;") == 3
    assert drawn.count("[bold red]markup[/]") == 3


PICTURED = {
    "one": question(),
    "several": question(KUBECTL, LOG, ENV, profile=PROFILE, editable=True),
    "agent": question(
        claim="I only need to look at the pods, this is read-only.",
        diff="--- a/deploy.yaml\n+++ b/deploy.yaml\n@@ -1,2 +1,2 @@\n-replicas: 2\n+replicas: 20\n kind: Deployment\n",
        text="",
    ),
    "long": question(text=LONG),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PICTURED)
def test_it_looks_as_it_was_last_looked_at(shows: Shows, name: str, size: tuple[int, int]) -> None:
    async def ask() -> None:
        async with shows(PermissionPrompt(PICTURED[name], STYLE), size) as pilot:
            await settle(pilot)
            check_picture(pilot.app, PICTURES, f"permission-{name}-{size[0]}x{size[1]}")

    asyncio.run(ask())
