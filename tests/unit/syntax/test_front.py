"""Front matter: every key, decoded; what is dropped, what is refused, what is kept."""

import pytest

from rundown.model.runbook import FrontMatter, Input, ShellOptions
from rundown.model.scenario import ExpectedEntry, ExpectedError, ExpectedStep, Scenario
from rundown.syntax.parse import Parsed, parse_runbook


def parse(head: str) -> Parsed:
    return parse_runbook(f"---\n{head}\n---\n## 1. A\n".encode(), "a.md")


def front(head: str) -> FrontMatter:
    parsed = parse(head)
    assert parsed.runbook is not None, parsed.diagnostics
    return parsed.runbook.front


def test_every_key() -> None:
    head = """\
Name: Deploy it
description: Long
version: 1.10
author: them
TAGS: [a, 2]
inputs:
  Env: {description: where to, options: [prod, test], default: test}
  Token: {secret: true}
  Pin: {pattern: "[0-9]+", default: 1}
  Plain:
required: [Env]
outputs: [Url, 'Sum "{{Url}}!"']
shell: {errexit: true, pipefail: true}
on-denied: fail
agent: claude
timeout: 1h
permissions: {run: {allow: [kubectl]}}
secrets: [KEY]
x-team: {lead: [a, 1, 1.5, true, null, 2026-01-02]}
"""
    assert front(head) == FrontMatter(
        name="Deploy it",
        description="Long",
        version="1.10",
        author="them",
        tags=("a", "2"),
        inputs=(
            Input(name="Env", description="where to", options=("prod", "test"), default="test"),
            Input(name="Token", secret=True),
            Input(name="Pin", pattern="[0-9]+", default=1),
            Input(name="Plain"),
        ),
        required=("Env",),
        outputs=("Url", 'Sum "{{Url}}!"'),
        shell=ShellOptions(errexit=True, pipefail=True),
        on_denied="fail",
        agent="claude",
        timeout_ns=3600 * 10**9,
        permissions={"run": {"allow": ["kubectl"]}},
        secrets=("KEY",),
        extra={"x-team": {"lead": ["a", 1, 1.5, True, None, "2026-01-02"]}},
    )


@pytest.mark.parametrize(
    ("head", "inputs"),
    [
        ("inputs: [A, B]", (Input(name="A"), Input(name="B"))),
        ("inputs: {A: 1, B: [x]}", (Input(name="A", default=1), Input(name="B", default=["x"]))),
        ("vars: {A: x}", (Input(name="A", default="x"),)),
        ("inputs: [A]\nvars: {A: x, B: null}", (Input(name="A", default="x"), Input(name="B", default=None))),
        ("inputs: {A: {default: y}}\nvars: {A: x}", (Input(name="A", default="y"),)),
        ("inputs:", ()),
    ],
)
def test_inputs_in_all_their_forms(head: str, inputs: tuple[Input, ...]) -> None:
    assert front(head).inputs == inputs


@pytest.mark.parametrize(
    "head",
    [
        "name: [a]",
        "name: a/b",
        "tags: a",
        "outputs: a",
        "required: a",
        "inputs: a",
        "vars: [a]",
        "description: {}",
        "scenarios: []",
    ],
)
def test_an_informative_key_of_a_wrong_type_is_dropped_with_a_warning(head: str) -> None:
    parsed = parse(head)
    assert [item.code for item in parsed.diagnostics] == ["syntax/wrong-type"]
    assert parsed.runbook is not None
    assert parsed.runbook.front == FrontMatter(name="a")


@pytest.mark.parametrize(
    ("head", "place"),
    [
        ("shell: true", "2:8"),
        ("shell: {errexit: 1}", "2:9"),
        ("on-denied: stop", "2:12"),
        ("agent: nobody", "2:8"),
        ("timeout: 30", "2:10"),
        ("permissions: [run]", "2:14"),
        ("secrets: KEY", "2:10"),
        ("secrets: [a-b]", "2:10"),
        ("inputs: {A: {secret: true, default: x}}", "2:37"),
        ("inputs: {A: {options: [x], default: y}}", "2:37"),
        ("inputs: {A: {options: []}}", "2:23"),
        ("inputs: {A: {pattern: '('}}", "2:23"),
        ("inputs: {A: {default: x, colour: red}}", "2:34"),
        ("a: 1\na: 2", "3:1"),
        ("Name: a\nname: b", "3:7"),
        ("[a]: 1", "2:1"),
        ("a: &x [*x]", "2:4"),
        ("a: " + "[" * 60 + "]" * 60, "2:53"),
        ("a: 'open", "2:9"),
        ("\ttab: 1", "2:1"),
        ("a: \x07", "1:1"),
        ("just a sentence", "2:1"),
    ],
)
def test_what_restrains_a_run_or_cannot_be_read_is_an_error(head: str, place: str) -> None:
    parsed = parse(head)
    found = [(item.code, str(item.span)) for item in parsed.errors]
    assert found == [("syntax/bad-front-matter", f"a.md:{place}")]


def test_aliases_that_multiply_are_refused() -> None:
    levels = "\n".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 9))
    assert [item.code for item in parse(f"k0: &k0 [x]\n{levels}").errors] == ["syntax/bad-front-matter"]


def test_an_empty_head_is_none() -> None:
    assert front("") == FrontMatter(name="a")
    assert front("# only a comment") == FrontMatter(name="a")


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    parsed = parse_runbook(b"---\n\nSome words.\n\n## 1. A\n", "a.md")
    assert parsed.runbook is not None
    assert (parsed.runbook.front, parsed.runbook.description) == (FrontMatter(name="a"), "Some words.")


def test_three_dots_close_it_too() -> None:
    parsed = parse_runbook(b"---\nname: x\n...\n## 1. A\n", "a.md")
    assert parsed.runbook is not None
    assert parsed.runbook.front == FrontMatter(name="x")


def test_a_scenario_is_decoded_with_positions_as_they_are_written() -> None:
    head = """\
scenarios:
  happy:
    description: all well
    commands: [rd run a.md, rd pass]
    result: COMPLETE
    tags: [smoke]
    expect:
      result: COMPLETE
      steps: [{at: 1.10, from: 1.9, action: DEFER, result: PASS, aggregated: true, runbook: a.md, command: x}]
      entered: [{at: 2, description: Two}]
      errors: [{code: x, error: part of it}]
  refused:
    commands: ["! rd run b.md"]
    expect: {errors: [{code: MISSING}]}
"""
    assert front(head).scenarios == (
        Scenario(
            name="happy",
            description="all well",
            commands=("rd run a.md", "rd pass"),
            result="COMPLETE",
            tags=("smoke",),
            steps=(
                ExpectedStep(
                    at="1.10",
                    origin="1.9",
                    action="DEFER",
                    result="PASS",
                    aggregated=True,
                    runbook="a.md",
                    command="x",
                ),
            ),
            entered=(ExpectedEntry(at="2", description="Two"),),
            errors=(ExpectedError(code="x", error="part of it"),),
        ),
        Scenario(name="refused", commands=("! rd run b.md",), errors=(ExpectedError(code="MISSING"),)),
    )


@pytest.mark.parametrize(
    "scenario",
    [
        "{}",
        "x",
        "{commands: [], result: STOP}",
        "{commands: rd, result: STOP}",
        "{commands: [rd], result: FAIL}",
        "{commands: [rd]}",
        "{commands: [rd], expect: {steps: [{at: 1}]}}",
        "{commands: [rd], result: STOP, expect: {result: COMPLETE}}",
        "{commands: [rd], result: STOP, expect: {steps: {at: 1}}}",
        "{commands: [rd], result: STOP, expect: {steps: [{where: 1}]}}",
        "{commands: [rd], result: STOP, expect: {steps: [{at: [1]}]}}",
    ],
)
def test_a_scenario_that_says_nothing_or_two_things_is_an_error(scenario: str) -> None:
    assert {item.code for item in parse(f"scenarios:\n  a: {scenario}").errors} == {"syntax/bad-scenario"}
