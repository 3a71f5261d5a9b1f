"""What a person sees before they decide: everything, once, and nothing that could mislead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rundown.model.policy import Outcome, Ruling
from rundown.model.request import Capability, Operation
from rundown.render.question import QuestionText, describe_ask, render_question, render_text
from rundown.render.style import Style
from tests.support.policies import env, host, net, read, request, run, write

WHY = "no rule names it"


def ask(operation: Operation, why: str = WHY) -> Ruling:
    return Ruling(operation=operation, outcome=Outcome.ASK, why=why)


def question(*operations: Operation, text: str = "deploy-tool --to prod\n", **more: object) -> QuestionText:
    wanted = request(*operations, text=text)
    return QuestionText(request=wanted, asks=tuple(ask(item) for item in operations), **more)  # type: ignore[arg-type]


WHOLE = question(
    run("deploy-tool --to prod"),
    write("/srv/out", note="redirection"),
    text="if true; then\n\tdeploy-tool --to prod > /srv/out\nfi\n",
    title="Deploy",
    progress="2/5",
    sees=("reads   this project", "reaches no network"),
)


def test_a_question_is_told_whole() -> None:
    assert render_question(WHOLE) == (
        "◆ Permission needed  step 1  Deploy  2/5\n"
        "  │ if true; then\n"
        "  │ \tdeploy-tool --to prod > /srv/out\n"
        "  │ fi\n"
        "  asks to\n"
        "    · run deploy-tool (/usr/bin/deploy-tool): no rule names it\n"
        "    · write /srv/out: redirection; no rule names it\n"
        "  inside the sandbox it\n"
        "    reads   this project\n"
        "    reaches no network\n"
    )


def test_without_unicode_it_is_ascii() -> None:
    assert render_question(WHOLE, Style(unicode=False)).isascii()


def test_colour_changes_nothing_but_colour() -> None:
    painted = render_question(WHOLE, Style(color=True))
    plain = painted
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[1;33m"):
        plain = plain.replace(code, "")
    assert (plain, painted == plain) == (render_question(WHOLE), False)


def test_what_is_shown_has_the_values_filled_in() -> None:
    asked = question(run("deploy-tool"), text='deploy-tool "${__rd_1}"\n', shown="deploy-tool 'my site'\n")
    assert render_question(asked).splitlines()[1] == "  │ deploy-tool 'my site'"


def test_the_same_ask_is_told_once() -> None:
    told = render_question(question(run("tac x"), run("tac y"), read("/srv/x")))
    assert [line.strip() for line in told.splitlines() if "·" in line] == [
        "· run tac (/usr/bin/tac): no rule names it",
        "· read /srv/x: no rule names it",
    ]


def test_words_that_no_shell_reads_are_quoted_as_they_would_be_typed() -> None:
    typed = replace(request(text=""), kind="argv", argv=("sh", "-c", "rm x; echo $HOME", ""))
    assert render_text(typed) == "sh -c 'rm x; echo $HOME' ''"


SPOOF = "deploy-tool \x1b[2K\x1b[1;32mharmless \u202egnirts\u202c zero\u200bwidth\u00a0blank \x07\rok\n"


def test_nothing_in_the_command_can_mislead() -> None:
    told = render_question(question(run("deploy-tool"), text=SPOOF))
    assert told.splitlines()[1] == (
        "  │ deploy-tool \\x1b[2K\\x1b[1;32mharmless <U+202E>gnirts<U+202C> zero<U+200B>width<U+00A0>blank "
        "\\x07\\rok"
    )


@given(st.text(), st.text(), st.text())
def test_whatever_comes_from_outside_is_shown_and_obeyed_by_no_terminal(
    text: str, word: str, why: str
) -> None:
    operation = Operation(capability=Capability.RUN, resource=word, resolved=word + "x", note=why)
    asked = QuestionText(
        request=request(operation, text=text),
        asks=(ask(operation, why),),
        title=word,
        sees=(why,),
        shown=text,
    )
    assert [char for char in render_question(asked) if char not in "\n\t" and not char.isprintable()] == []


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (run("tac x"), "run tac (/usr/bin/tac)"),
        (run("jo", resolved=None), "run jo (not on the PATH)"),
        (run("/opt/x"), "run /opt/x"),
        (run("?", resource='"$x"'), 'run "$x"'),
        (run("git -c a=b log", kind="escape"), "run git -c a=b log (/usr/bin/git)"),
        (run("git ? 'a b'", kind="escape"), "run git … 'a b' (/usr/bin/git)"),
        (read("x"), "read x (/srv/app/x)"),
        (write("/srv/x"), "write /srv/x"),
        (env("TOKEN"), "see the variable TOKEN"),
        (net("db.internal:5432"), "reach db.internal:5432"),
        (host("pid"), "leave the sandbox for pid"),
    ],
)
def test_an_ask_names_what_it_is_about(operation: Operation, told: str) -> None:
    assert describe_ask(ask(operation)) == f"{told}: {WHY}"


@pytest.mark.parametrize(
    ("note", "why", "told"),
    [
        ("", "", ""),
        ("started by xargs", "", ": started by xargs"),
        ("started by xargs", WHY, f": started by xargs; {WHY}"),
        ("started by xargs", f"{WHY} (started by xargs)", f": {WHY} (started by xargs)"),
    ],
)
def test_a_reason_is_said_once(note: str, why: str, told: str) -> None:
    assert describe_ask(ask(run("tac", note=note), why)) == f"run tac (/usr/bin/tac){told}"


def test_long_arguments_are_cut_and_the_command_above_has_them_all() -> None:
    long = run("python3 -c " + "x" * 300, kind="opaque")
    assert len(describe_ask(ask(long))) < 160
