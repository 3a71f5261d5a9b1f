"""Every key of the run screen does what the table says, where it says so, and nothing elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from rundown.engine.state import State
from rundown.model.event import EndForced, Jumped, OutputCaptured, RunPaused, StepFinished
from rundown.model.runbook import Input
from rundown.session.ports import Answer, Choice, Failure, Mend, Report, Subject
from rundown.session.steering import Order
from rundown.tui.deeds import DEEDS
from rundown.tui.forms import InputsScreen
from rundown.tui.help import HelpScreen
from rundown.tui.messages import Ask, Asked
from rundown.tui.prompter import Task
from rundown.tui.themes import DARK, LIGHT
from tests.support.patience import PATIENCE_SECONDS, POLL_SECONDS
from tests.support.questions import question
from tests.support.tui import PULL, REPORT, Stage, on_stage, ran

Play = Callable[[Stage], Awaitable[Any]]
FAILURE = Failure(position="1", subject=Subject(title="Look at what runs"), ending="exit status 22")
DENIED = RunPaused(reason="denied", position="1", detail="run curl")


def played(folder: Path, play: Play, **stage: Any) -> Any:
    """Returns what a play on a fresh stage returns."""

    async def go() -> Any:
        async with on_stage(folder, **stage) as stage_:
            return await play(stage_)

    return asyncio.run(go())


def facts(stage: Stage, step: str, substep: str | None = None) -> Any:
    """Returns the facts of the last order, given where the run is."""
    (order,) = stage.conductor.helm.orders
    return tuple(order(State(step=step, substep=substep, phase="act")))


async def answered(stage: Stage, *keys: str) -> None:
    """Answers a prompt over the screen once it takes answers."""
    stage.pilot.app.screen.prompt.arm()  # type: ignore[attr-defined]
    await stage.press(*keys)


def test_r_asks_for_the_inputs_and_starts_the_run_with_them(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("r")
        assert isinstance(stage.pilot.app.screen, InputsScreen)
        await stage.press(*"v2.1", "ctrl+s")
        return list(stage.conductor.done), stage.screen.situation

    assert played(tmp_path, play) == ([("start", ("version=v2.1",))], "running")


def test_an_input_that_does_not_fit_starts_nothing(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("r", *"2.1", "ctrl+s")
        told = stage.text()
        await stage.press("escape")
        return "a value that fits" in told, list(stage.conductor.done), stage.screen.situation

    assert played(tmp_path, play) == (True, [], "ready")


def test_r_lets_a_held_step_run_and_c_all_that_follow(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("t")
        stepping = stage.conductor.helm.stepping
        await stage.run()
        await stage.hold("1")
        await stage.press("r", "c")
        return stepping, stage.conductor.helm.orders, stage.conductor.helm.stepping

    assert played(tmp_path, play) == (True, [None, None], False)


@pytest.mark.parametrize(
    ("key", "fact"),
    [
        ("p", StepFinished(step="2", substep="2", result="pass", reported_by="person")),
        ("f", StepFinished(step="2", substep="2", result="fail", reported_by="person")),
        ("s", Jumped(step="3")),
    ],
)
def test_p_f_and_s_report_on_the_held_step_or_skip_it(key, fact, tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.hold("2", "2")
        await stage.press(key)
        return facts(stage, "2", "2")

    assert played(tmp_path, play) == (fact,)


def test_a_does_the_last_step_once_more(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look at what runs"))
        await stage.hold("2", "1")
        await stage.press("a")
        return facts(stage, "2", "1")

    assert played(tmp_path, play) == (Jumped(step="1"),)


def test_g_goes_to_the_step_that_is_picked(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.hold("1")
        await stage.press("g", "down", "down", "enter")
        return facts(stage, "1")

    assert played(tmp_path, play) == (Jumped(step="2", substep="2"),)


def test_i_gives_a_variable_another_value_while_the_run_is_held_and_shows_no_secret(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.hold("1")
        await stage.press("i")
        shown = stage.text()
        await stage.press(*"v9", "ctrl+s")
        return "token" in shown, facts(stage, "1")

    assert played(tmp_path, play) == (
        False,
        (OutputCaptured(position="1", name="version", value='"v9"', reported_by="person"),),
    )


@pytest.mark.parametrize(("answer", "status"), [("s", "stopped"), ("c", "completed")])
def test_x_ends_the_run_once_the_person_says_how(answer, status, tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.hold("1")
        await stage.press("x", "enter")
        assert stage.conductor.helm.orders == []
        await stage.press("x")
        await answered(stage, answer)
        return facts(stage, "1")

    assert played(tmp_path, play) == (EndForced(status=status, message="ended by a person"),)


@pytest.mark.parametrize("key", ["k", "ctrl+c"])
def test_k_and_ctrl_c_stop_the_step_that_runs_and_pause_a_run_between_two(key, tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.press(key)
        stage.conductor.runs = True
        await stage.press(key)
        return list(stage.conductor.done), stage.conductor.helm.pauses

    assert played(tmp_path, play) == (["interrupt", "interrupt"], 1)


@pytest.mark.parametrize(
    ("key", "fact"),
    [
        ("p", (StepFinished(step="1", result="pass", reported_by="person"),)),
        ("f", (StepFinished(step="1", result="fail", reported_by="person"),)),
        ("s", (Jumped(step="2"),)),
        ("r", None),
    ],
)
def test_a_paused_run_goes_on_with_the_order(key, fact, tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.rest(DENIED)
        await stage.press(key)
        (_, _, order) = stage.conductor.done[-1]
        given = tuple(order.facts(State(step="1", phase="act"))) if isinstance(order, Order) else order
        return stage.screen.situation, given

    assert played(tmp_path, play) == ("running", fact)


def test_space_marks_steps_and_shift_a_allows_ahead_what_they_would_ask_for(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("A")
        assert stage.pilot.app.screen is stage.screen
        await stage.press("down", "space", "A", "enter")
        assert stage.conductor.done == []
        await stage.press("A")
        await answered(stage, "y")
        await stage.pilot.app.workers.wait_for_complete()
        await stage.pilot.pause()
        tree = stage.screen.query_one("#tree")
        return list(stage.conductor.done), stage.screen.chosen, tree.asks  # type: ignore[attr-defined]

    assert played(tmp_path, play) == ([("ahead", (PULL.text,))], frozenset(), {"4": 1})


def test_v_takes_a_grant_back_where_the_grants_are_shown(tmp_path):
    async def play(stage: Stage) -> Any:
        stage.conductor.granted = (*PULL.grants, *REPORT.grants)
        await stage.press("v", "3")
        stage.screen.refresh_all()
        await stage.pilot.pause()
        stage.screen.query_one("#grants").focus()
        await stage.press("down", "v")
        return list(stage.conductor.done), stage.conductor.granted

    assert played(tmp_path, play) == ([("revoke", "/srv/shop/report.json")], PULL.grants)


@pytest.mark.parametrize(
    ("key", "pane"),
    [("1", "step"), ("2", "output"), ("3", "permissions"), ("4", "events"), ("5", "receipt")],
)
def test_a_digit_shows_its_pane_alone_on_a_small_screen(key, pane, tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press(key)
        names = ("step", "output", "permissions", "events", "receipt")
        return {name for name in names if stage.screen.query_one(f"#{name}").display}

    assert played(tmp_path, play) == {pane}


def test_the_step_stands_above_its_output_where_there_is_room(tmp_path):
    async def play(stage: Stage) -> Any:
        return [stage.screen.query_one(f"#{name}").display for name in ("step", "output")]

    assert played(tmp_path, play, size=(140, 45)) == [True, True]


def test_slash_finds_and_n_goes_from_find_to_find(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look")[:2])
        stage.conductor.shelf.current.feed("stdout", b"".join(b"line %d\n" % n for n in range(300)))
        await stage.press("2", "slash", *"LINE 27", "enter")
        pane = stage.screen.query_one("#output")
        at = [pane._at]  # type: ignore[attr-defined]
        for key in ("n", "n", "N"):
            await stage.press(key)
            at.append(pane._at)  # type: ignore[attr-defined]
        await stage.press("escape")
        return at, pane.words  # type: ignore[attr-defined]

    found, words = played(tmp_path, play)
    assert (found, words) == ([27, 270, 271, 270], "")


def test_the_view_follows_the_run_until_the_person_looks_elsewhere_and_again_from_full_stop(tmp_path):
    async def play(stage: Stage) -> Any:
        tree = stage.screen.query_one("#tree")
        await stage.run(*ran("1", None, "Look"), *ran("2", "1", "Move")[:2])
        seen = [tree.unit.key]  # type: ignore[attr-defined]
        await stage.press("up", "up")
        await stage.tell(*ran("2", "2", "Change")[:2])
        seen.append(tree.unit.key)  # type: ignore[attr-defined]
        await stage.press("full_stop")
        return [*seen, tree.unit.key]  # type: ignore[attr-defined]

    assert played(tmp_path, play) == ["2.1", "1", "2.2"]


def test_question_mark_shows_every_key_and_what_the_signs_mean(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("question_mark")
        assert isinstance(stage.pilot.app.screen, HelpScreen)
        text = stage.text()
        await stage.press("escape")
        return text, stage.pilot.app.screen is stage.screen

    text, back = played(tmp_path, play, size=(140, 60))
    assert [deed.told for deed in DEEDS if deed.told not in text] == []
    assert back


def test_shift_t_changes_between_dark_and_light(tmp_path):
    async def play(stage: Stage) -> Any:
        seen = [stage.pilot.app.theme]
        for _ in range(2):
            await stage.press("T")
            seen.append(stage.pilot.app.theme)
        return seen

    assert played(tmp_path, play) == [DARK, LIGHT, DARK]


def test_tab_goes_from_pane_to_pane(tmp_path):
    async def play(stage: Stage) -> Any:
        seen = []
        for _ in range(3):
            focused = stage.screen.focused
            seen.append(focused.id if focused is not None else None)
            await stage.press("tab")
        return seen

    assert played(tmp_path, play) == ["tree", "step", "tree"]


def test_q_leaves_at_once_where_nothing_runs(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("q")
        return stage.conductor.done[:1], stage.pilot.app.is_running

    done, _ = played(tmp_path, play)
    assert done == ["close"]


def test_q_asks_first_while_a_step_runs(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.press("q", "enter")
        stays = list(stage.conductor.done)
        await stage.press("q")
        await answered(stage, "y")
        return stays, stage.conductor.done[:1]

    assert played(tmp_path, play) == ([], ["close"])


def test_the_palette_holds_every_action_that_does_something_now(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.hold("1")
        commands = list(stage.pilot.app.get_system_commands(stage.screen))
        return {command.help for command in commands}

    found = played(tmp_path, play)
    wanted = {deed.told for deed in DEEDS if "held" in deed.when and deed.key != "ctrl+p"}
    assert wanted - found == {
        deed.told
        for deed in DEEDS
        if deed.action
        in ("revoke", "next", "previous", "find", "wrap", "ahead", "again", "follow", "back", "answer")
    }


def test_an_action_from_the_palette_is_the_key(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("ctrl+p", *"step by")
        await stage.pilot.app.workers.wait_for_complete()
        await stage.press("enter")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not stage.conductor.helm.stepping:
                await stage.pilot.pause(POLL_SECONDS)
        return stage.conductor.helm.stepping

    assert played(tmp_path, play) is True


def test_every_key_in_the_footer_is_of_the_table_and_none_is_missing(tmp_path):
    async def play(stage: Stage) -> Any:
        bar = stage.screen.query_one("#keys")
        return [word[:2] for word in bar._words]  # type: ignore[attr-defined]

    panes = {"1", "2", "3", "4", "5"}
    gone = {"revoke", "next", "previous", "find", "wrap", "ahead", "follow", "back", "answer"}
    wanted = [
        (deed.shown, deed.word)
        for deed in DEEDS
        if "ready" in deed.when and deed.action not in gone and deed.shown not in panes
    ]
    assert played(tmp_path, play) == wanted


def test_a_click_on_the_tree_on_a_tab_and_on_the_footer_is_a_key(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.pilot.click("#tree", offset=(5, 2))
        key = stage.screen.query_one("#tree").unit.key  # type: ignore[attr-defined]
        await stage.pilot.click("#tabs", offset=(10, 0))
        await stage.pilot.click("#keys", offset=(10, 0))
        return key, stage.screen.pane_name, stage.conductor.helm.stepping

    assert played(tmp_path, play) == ("2.1", "output", True)


def test_answers_of_a_question_reach_whoever_asked(tmp_path):

    async def play(stage: Stage) -> Any:
        await stage.run()
        found = []
        for key in ("p", "escape"):
            ask = Ask(Task(title="3 Ask somebody"), Report(kind="later"))
            await stage.tell(Asked(ask))
            await answered(stage, key)
            found.append((await stage.reply(ask)).kind)
        return found

    assert played(tmp_path, play) == ["pass", "later"]


def test_a_question_that_nobody_waits_for_any_more_goes_away(tmp_path):

    async def play(stage: Stage) -> Any:
        await stage.run()
        ask = Ask(Task(title="3 Ask somebody"), Report(kind="later"))
        await stage.tell(Asked(ask))
        over = stage.pilot.app.screen is stage.screen
        ask.reply.cancel()
        await stage.pilot.pause(0.1)
        return over, stage.pilot.app.screen is stage.screen

    assert played(tmp_path, play) == (False, True)


def test_a_key_that_was_on_its_way_allows_nothing(tmp_path):

    async def play(stage: Stage) -> Any:
        await stage.run()
        asked = question()
        ask = Ask(asked, tuple(Answer(choice=Choice.DENY) for _ in asked.asks))
        await stage.tell(Asked(ask))
        stage.pilot.app.screen.prompt.disarm()  # type: ignore[attr-defined]
        await stage.pilot.press("y")
        early = ask.reply.done()
        await answered(stage, "y")
        return early, await stage.reply(ask)

    assert played(tmp_path, play) == (False, (Answer(choice=Choice.ONCE),))


def test_escape_leaves_an_editor_inside_a_question_first(tmp_path):

    async def play(stage: Stage) -> Any:
        await stage.run()
        ask = Ask(question(), (Answer(choice=Choice.DENY),))
        await stage.tell(Asked(ask))
        await answered(stage, "e", "escape")
        still = not ask.reply.done()
        await stage.press("escape")
        return still, await stage.reply(ask)

    assert played(tmp_path, play) == (True, (Answer(choice=Choice.DENY),))


def test_b_leads_nowhere_without_a_list_to_go_back_to(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("b")
        return stage.pilot.app.screen is stage.screen

    assert played(tmp_path, play) is True


def test_w_wraps_long_lines_and_a_find_in_them_is_in_sight(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look at what runs")[:1])
        lines = [f"line-{number} " + "x" * 300 for number in range(40)] + ["y" * 300 + " the-end"]
        stage.conductor.shelf.current.feed("stdout", "\n".join(lines).encode() + b"\n")
        await stage.press("2")
        stage.screen.show_output()
        cut = "the-end" in stage.text()
        await stage.press("w")
        whole = "the-end" in stage.text()
        await stage.press("slash", *"line-7", "enter")
        found = "line-7" in stage.text()
        await stage.press("w", "escape", "full_stop")
        return cut, whole, found, "the-end" in stage.text()

    assert played(tmp_path, play) == (False, True, True, False)


def test_wrapped_lines_follow_a_new_size(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look at what runs")[:1])
        stage.conductor.shelf.current.feed("stdout", b"z" * 400 + b" over\n")
        await stage.press("2", "w")
        seen = []
        for size in ((60, 20), (140, 45), (80, 24)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
            seen.append((stage.text().count("z"), "over" in stage.text()))
        return seen

    assert played(tmp_path, play) == [(400, True)] * 3


def test_a_question_is_put_aside_to_look_at_the_run_and_answered_afterwards(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look at what runs")[:2])
        stage.conductor.shelf.current.feed("stdout", b"a-line-behind-it\n" * 40)
        ask = Ask(FAILURE, Mend(kind="stop"))
        await stage.tell(Asked(ask))
        await answered(stage, "ctrl+o", "2")
        looks = stage.pilot.app.screen is stage.screen, "a-line-behind-it" in stage.text(), ask.reply.done()
        await stage.press("enter")
        await answered(stage, "r")
        return looks, await stage.reply(ask), stage.screen.asks

    assert played(tmp_path, play) == ((True, True, False), Mend(kind="again"), [])


def test_a_value_that_is_asked_for_is_put_aside_likewise(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        ask: Ask[Any, str | None] = Ask(Input(name="stage"), None)
        await stage.tell(Asked(ask))
        await stage.press("ctrl+o", "enter", *"live", "enter")
        return await stage.reply(ask)

    assert played(tmp_path, play) == "live"


def test_a_question_put_aside_that_nobody_waits_for_any_more_is_gone(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        ask = Ask(FAILURE, Mend(kind="stop"))
        await stage.tell(Asked(ask))
        await stage.press("ctrl+o")
        can = stage.screen.can("answer")
        ask.reply.cancel()
        await stage.pilot.pause()
        while stage.screen.asks:
            await stage.pilot.pause()
        return can, stage.screen.can("answer")

    assert played(tmp_path, play) == (True, False)


def test_what_is_asked_about_ones_own_order_is_not_put_aside(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.hold("1")
        await stage.press("x", "ctrl+o")
        return stage.pilot.app.screen is stage.screen

    assert played(tmp_path, play) is False


def test_a_question_about_a_failure_shows_what_the_step_said_at_last(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look at what runs")[:2])
        said = b"".join(b"line-%d\n" % number for number in range(30)) + b"\x1b[31mfatal: no route\x1b[0m\n\n"
        stage.conductor.shelf.current.feed("stdout", said)
        await stage.tell(Asked(Ask(FAILURE, Mend(kind="stop"))))
        return "line-29" in stage.text(), "fatal: no route" in stage.text(), "above" in stage.text()

    assert played(tmp_path, play) == (True, True, False)


@pytest.mark.parametrize(
    ("key", "focus"), [("1", "tree"), ("2", "output"), ("3", "policy"), ("4", "events"), ("5", "receipt")]
)
def test_a_digit_gives_its_pane_the_arrows(key, focus, tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.press("4", key)
        return stage.screen.focused.id if stage.screen.focused is not None else None

    assert played(tmp_path, play) == focus


def test_whoever_gives_an_order_follows_the_run_again(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run()
        await stage.hold("2", "2")
        await stage.press("home")
        before = stage.screen.follows
        await stage.press("p")
        return before, stage.screen.follows, stage.screen.query_one("#tree").unit.key  # type: ignore[attr-defined]

    assert played(tmp_path, play) == (False, True, "2.2")


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 12), (20, 6), (10, 3), (1, 1)])
@pytest.mark.parametrize(
    "what", [FAILURE, question(), Input(name="stage")], ids=["failure", "permission", "value"]
)
def test_a_question_stands_every_size_while_it_is_open(size, what, tmp_path):
    """The screen is made smaller and larger again; the question is still there and takes its answer."""

    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look at what runs")[:2])
        ask: Ask[Any, Any] = Ask(what, "refused")
        await stage.tell(Asked(ask))
        await stage.pilot.resize_terminal(*size)
        await stage.pilot.pause()
        await stage.pilot.resize_terminal(100, 30)
        await stage.press("escape")
        return await stage.reply(ask)

    assert played(tmp_path, play) == "refused"


def test_a_small_screen_shows_the_answer_under_the_cursor_and_says_help_last(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look at what runs")[:2])
        last_row = stage.text().splitlines()[-1]
        await stage.tell(Asked(Ask(question(), None)))
        stage.pilot.app.screen.prompt.arm()  # type: ignore[attr-defined]
        seen = []
        for word in ("deny", "allow once", "allow for this session"):
            seen.append(f"{word}" in stage.text())
            await stage.press("down")
        return "? help" in last_row, seen

    assert played(tmp_path, play, size=(40, 12)) == (True, [True, True, True])


def test_a_long_sentence_is_shown_to_its_end_which_says_what_to_do(tmp_path):
    async def play(stage: Stage) -> Any:
        await stage.run(*ran("1", None, "Look at what runs")[:1])
        long = "the fork server does not answer (broken pipe), and nobody knows why it ended"
        await stage.rest(RunPaused(reason="sandbox", position="1", detail=long))
        await stage.pilot.pause()
        return "r tries again." in stage.text()

    assert played(tmp_path, play) is True
