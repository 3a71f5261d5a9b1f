"""What a run must have before it starts; all that is missing is told at once."""

from pathlib import Path

import pytest

from rundown.errors import InvalidInputError, PersonNeededError
from rundown.session.library import Document, Opened, parse_document
from rundown.session.preparation import Invocation, prepare
from rundown.session.surroundings import Surroundings
from rundown.session.values import Given, Values
from tests.support.fakes import ScriptedPrompter

FRONT = """inputs:
  Site: {options: [east, west]}
  Size: {default: 3}
  Pin: {secret: true}
required: [Site, Pin]"""


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    (tmp_path / "project/.git").mkdir(parents=True)
    (tmp_path / "project/.git/HEAD").write_text("ref: refs/heads/topic/one\n")
    return Surroundings(
        environ={},
        cwd=tmp_path / "project",
        home=tmp_path,
        state=tmp_path / "state",
        config=tmp_path / "config",
        cache=tmp_path / "cache",
        system_policy=tmp_path / "none.yaml",
        now_ns=lambda: 1_772_366_645_000_000_000,
        has_terminal=False,
        stdout_terminal=False,
    )


def opened(front: str = FRONT, text: str = "```sh\ntrue\n```\n") -> Opened:
    content = f"---\n{front}\n---\n# T\n\n## 1. One\n\n{text}".encode()
    return parse_document(Document(file="a.runbook.md", path=None, content=content))


def invocation(around: Surroundings, prompter: ScriptedPrompter | None = None, **more: object) -> Invocation:
    given = Given(texts=tuple(more.pop("texts", ())))  # type: ignore[arg-type]
    prompter = prompter or ScriptedPrompter(present=False)
    return Invocation(given=given, around=around, prompter=prompter, **more)  # type: ignore[arg-type]


BUILTINS: Values = {
    "Date": "2026-03-01",
    "DateTime": "2026-03-01T12:04:05+00:00",
    "Year": "2026",
    "Month": "03",
    "Day": "01",
    "Branch": "topic/one",
    "WorkPath": ".rundown/work",
}


def codes(problem: InvalidInputError | PersonNeededError) -> list[str]:
    return [item.code for item in problem.diagnostics]


def test_a_run_begins_with_what_is_given_declared_and_built_in(around: Surroundings) -> None:
    book = opened(text="```sh\necho {{More}}\n```\n")
    start = prepare(book, invocation(around, texts=["Site=east", "Pin=1234", "More=x"]))
    assert (start.values, start.secret, start.secret_values) == (
        {**BUILTINS, "Site": "east", "Size": 3, "Pin": "1234", "More": "x"},
        frozenset({"Pin"}),
        {"Pin": "1234"},
    )


def test_what_is_missing_and_what_is_wrong_is_told_at_once(around: Surroundings) -> None:
    wrong = opened(
        FRONT.replace("default: 3", "pattern: '[0-9]+', default: x"),
        "- FOR x IN {{xs}}\n\n### 1.1 A\n\nDo.\n",
    )
    with pytest.raises(InvalidInputError) as caught:
        prepare(wrong, invocation(around))
    assert codes(caught.value) == [
        "session/bad-input-value",
        "session/missing-required-vars",
        "session/missing-required-vars",
        "session/no-such-source",
    ]


def test_a_missing_option_is_mended_by_a_flag_that_can_be_pasted(around: Surroundings) -> None:
    with pytest.raises(InvalidInputError) as caught:
        prepare(opened("inputs: {Site: {options: ['a b', c]}}\nrequired: [Site]"), invocation(around))
    assert caught.value.diagnostics[0].fix == "--input Site='a b'   (one of: a b, c)"


@pytest.mark.parametrize(
    ("front", "word", "fix"),
    [
        (FRONT, "Sitee=east", "did you mean Site?"),
        (FRONT, "Colour=red", "its inputs are Site, Size, Pin"),
        ("name: x", "Colour=red", "leave it out: it takes no inputs"),
    ],
)
def test_a_value_that_nothing_asks_for_is_a_mistake_and_nobody_is_asked_for_others(
    around: Surroundings, front: str, word: str, fix: str
) -> None:
    prompter = ScriptedPrompter(supplies={"Site": "west", "Pin": "99"})
    with pytest.raises(InvalidInputError) as caught:
        prepare(opened(front), invocation(around, prompter, texts=[word]))
    first = caught.value.diagnostics[0]
    assert (first.code, first.message, first.fix) == (
        "session/unused-input",
        f"a.runbook.md has no input `{word.partition('=')[0]}`",
        fix,
    )


@pytest.mark.parametrize(
    "text",
    ["```sh\necho {{Colour}}\n```\n", "{{context.vars}}\n", "- other.runbook.md\n"],
    ids=["it stands in the text", "all values are taken", "another runbook inherits it"],
)
def test_a_value_that_may_be_used_is_taken(around: Surroundings, text: str) -> None:
    start = prepare(opened("name: x", text), invocation(around, texts=["Colour=red"]))
    assert start.values["Colour"] == "red"


def test_a_person_who_is_there_is_asked_for_what_is_missing_and_for_nothing_else(
    around: Surroundings,
) -> None:
    prompter = ScriptedPrompter(supplies={"Site": "west", "Pin": "99", "Size": "never asked"})
    start = prepare(opened(), invocation(around, prompter))
    assert (start.values["Site"], start.values["Pin"], start.values["Size"]) == ("west", "99", 3)


def test_an_answer_that_does_not_fit_is_no_answer(around: Surroundings) -> None:
    prompter = ScriptedPrompter(supplies={"Site": "north", "Pin": "99"})
    with pytest.raises(InvalidInputError) as caught:
        prepare(opened(), invocation(around, prompter))
    assert codes(caught.value) == ["session/bad-input-value"]


def test_a_hidden_input_is_secret_whatever_the_runbook_says(around: Surroundings) -> None:
    prompter = ScriptedPrompter(supplies={"Token": "t", "Site": "east", "Pin": "1"})
    book = opened(text="```sh\nlogin {{Token}}\n```\n")
    start = prepare(book, invocation(around, prompter, hidden=("Token",)))
    assert (start.values["Token"], start.secret) == ("t", frozenset({"Pin", "Token"}))


def test_a_hidden_input_needs_somebody_to_ask(around: Surroundings) -> None:
    with pytest.raises(PersonNeededError) as caught:
        prepare(opened("name: a\ninputs: [Token]"), invocation(around, hidden=("Token",)))
    assert codes(caught.value) == ["session/nobody-to-ask"]


AGENT = "```agent llm\nDo it.\n```\n"


def test_an_agent_that_cannot_be_had_is_told_before_anything_starts(around: Surroundings) -> None:
    with pytest.raises(InvalidInputError) as caught:
        prepare(opened("name: a", AGENT), invocation(around))
    assert codes(caught.value) == ["agents/not-there-yet"]


def test_a_run_by_hand_needs_no_agent(around: Surroundings) -> None:
    start = prepare(opened("name: a", AGENT), invocation(around, prompted=True))
    assert (start.prompted, start.values) == (True, BUILTINS)


LOOP = "- FOR x IN {{xs}}\n\n### 1.1 A\n\nDo.\n"


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        (LOOP, ["xs=file:a.json"]),
        (LOOP + "\n## 2. B\n- OUTPUTS\n  - xs\n\n```sh\ntrue\n```\n", []),
        (LOOP + "\n## 2. B\n\n- other.runbook.md\n", []),
    ],
    ids=["given", "handed on", "a child may"],
)
def test_a_loops_source_may_come_from_outside_a_step_or_a_child(
    text: str, texts: list[str], around: Surroundings
) -> None:
    assert prepare(opened("name: a", text), invocation(around, texts=texts)).values
