"""A permission question at the keyboard: each key, each way out, and nothing allowed unseen."""

import pytest
from msgspec.structs import replace

from rundown.cli.dialogue import Dialogue
from rundown.model.diagnostic import Span
from rundown.model.policy import Fix, LayerKind, Outcome, Rule, Ruling
from rundown.render.style import Style
from rundown.session.ports import Answer, Choice, Question, Subject
from tests.support.keys import CTRL_C, CTRL_D, DOWN, ENTER, keyed
from tests.support.policies import request, run, write

TAC = Ruling(operation=run("tac x"), outcome=Outcome.ASK, mode="prompted", why="no rule names it")
OUT = Ruling(operation=write("/srv/out"), outcome=Outcome.ASK, why="no rule names it")


def question(*asks: Ruling, text: str = "tac x > /srv/out\n", shown: str = "") -> Question:
    wanted = request(*(ask.operation for ask in asks), text=text)
    subject = Subject(title="Reverse", progress="2/3", shown=shown)
    return Question(request=wanted, subject=subject, asks=asks, rulings=asks, sees=("reads   x",))


def answers(keys: str, *asks: Ruling, **about: str) -> tuple[tuple[Answer, ...], str]:
    with keyed(keys) as tty:
        found = Dialogue(question(*asks, **about), Style(), tty).run()
        return found, tty.text


def choices(keys: str, *asks: Ruling) -> list[Choice]:
    return [answer.choice for answer in answers(keys, *asks)[0]]


@pytest.mark.parametrize(
    ("key", "choice"),
    [
        ("y", Choice.ONCE),
        ("s", Choice.SESSION),
        ("a", Choice.TYPE_SESSION),
        ("p", Choice.ALWAYS_ME),
        ("P", Choice.ALWAYS_PROJECT),
        ("n", Choice.DENY),
        ("d", Choice.DENY_TYPE),
    ],
)
def test_every_key_has_its_answer_for_all_that_is_asked(key: str, choice: Choice) -> None:
    assert choices(key, TAC, OUT) == [choice, choice]


@pytest.mark.parametrize("key", [ENTER, CTRL_C, CTRL_D], ids=["Enter", "Ctrl-C", "EOF"])
def test_whatever_is_no_answer_denies(key: str) -> None:
    assert choices(key, TAC) == [Choice.DENY]


def test_arrows_choose_as_well() -> None:
    assert choices(DOWN + ENTER, TAC) == [Choice.ONCE]


def test_a_key_that_means_nothing_answers_nothing() -> None:
    assert choices("xyz"[0] + "0 " + "y", TAC) == [Choice.ONCE]


def test_the_question_stands_above_its_answer() -> None:
    _, text = answers("y", TAC)
    assert text == (
        "\n◆ Permission needed  step 1  Reverse  2/3\n"
        "  │ tac x > /srv/out\n"
        "  asks to\n"
        "    · run tac (/usr/bin/tac): no rule names it\n"
        "  inside the sandbox it\n"
        "    reads   x\n"
        "  y  allow once\n"
    )


def test_several_asks_can_be_answered_one_by_one() -> None:
    assert choices("ryn", TAC, OUT) == [Choice.ONCE, Choice.DENY]


def test_asks_that_were_not_reached_are_denied() -> None:
    assert choices("ry" + CTRL_C, TAC, OUT) == [Choice.ONCE, Choice.DENY]


def test_a_pattern_can_be_edited_before_it_is_remembered() -> None:
    found, text = answers("e" + "\x15" + "tac *" + ENTER + "s", TAC)
    assert (found, text.endswith("  s  allow for this session: tac *\n")) == (
        (Answer(choice=Choice.SESSION, pattern="tac *"),),
        True,
    )


def test_an_edit_that_is_given_up_changes_nothing() -> None:
    assert answers("e" + CTRL_C + "s", TAC)[0] == (Answer(choice=Choice.SESSION),)


def test_why_tells_rule_mode_and_mend_and_asks_again() -> None:
    rule = Rule(
        capability=TAC.operation.capability,
        verdict=Outcome.ASK,
        pattern="tac\x1b[2J",
        layer=LayerKind.PROJECT,
        span=Span(file="p\u202e.yaml", line=3),
    )
    by_rule = replace(OUT, rule=rule, fix=Fix(flag="--allow-write '/srv/\x07'", yaml=""))
    by_mode = replace(TAC, fix=Fix(flag="--allow-run tac", yaml="default: {run: {allow: [tac]}}"))
    found, text = answers("?y", by_mode, by_rule)
    assert [answer.choice for answer in found] == [Choice.ONCE, Choice.ONCE]
    assert text.partition("  ?  why is this asked\n")[2] == (
        "  run tac (/usr/bin/tac): no rule names it\n"
        "    no rule mentions it; the mode is `prompted`\n"
        "    to settle it for good: --allow-run tac   or   default: {run: {allow: [tac]}}\n"
        "  write /srv/out: no rule names it\n"
        "    rule: tac\\x1b[2J, project policy (p<U+202E>.yaml:3:1)\n"
        "    to settle it for good: --allow-write '/srv/\\x07'\n"
        "  y  allow once\n"
    )


LONG = "".join(f"tac {number} {'x' * 60}\n" for number in range(200))


@pytest.mark.parametrize("key", ["y", "s", "a", "p", "P"])
def test_a_long_text_cannot_be_allowed_before_its_end_was_seen(key: str) -> None:
    found, text = answers(key + CTRL_D, TAC, text=LONG)
    assert (found[0].choice, "tac 19 " in text, "tac 20 " in text) == (Choice.DENY, True, False)


def test_a_long_text_is_allowed_once_it_was_paged_to_its_end() -> None:
    found, text = answers("v" + "m" * 9 + "y", TAC, text=LONG)
    assert (found[0].choice, "tac 199 " in text) == (Choice.ONCE, True)


@pytest.mark.parametrize("stop", ["q", CTRL_C, CTRL_D])
def test_a_text_that_was_paged_half_way_cannot_be_allowed(stop: str) -> None:
    found, text = answers("vm" + stop + "y" + CTRL_D, TAC, text=LONG)
    assert (found[0].choice, "tac 199 " in text) == (Choice.DENY, False)


def test_what_counts_is_the_text_with_its_values() -> None:
    found, text = answers("y" + CTRL_D, TAC, shown=LONG)
    assert (found[0].choice, f"{len(LONG) - 1} bytes in all" in text) == (Choice.DENY, True)


def test_each_choice_forgets_what_was_typed_before_it() -> None:
    with keyed("?n") as tty:
        Dialogue(question(TAC), Style(), tty).run()
        assert tty.flushed == 2


def test_on_a_terminal_that_is_gone_nothing_is_allowed() -> None:
    with keyed("yyyy") as tty:
        tty.is_gone = True
        assert Dialogue(question(TAC, OUT), Style(), tty).run() == (Answer(choice=Choice.DENY),) * 2
