"""Every code of the language, each by its smallest example: what is found, and where."""

import pytest

from rundown.syntax.check import check_source
from rundown.syntax.codes import Code
from rundown.syntax.parse import parse_runbook

HEAD = "# T\n\n"
LOOP = "## 1. A\n- FOR i IN 3\n  - PASS DEFER\n### 1.1 B\n"

ERRORS = [
    ("E1", "# Only a title\n", "1:1"),
    ("E1", "", "1:1"),
    ("E2", "## 1. A\n#### x\n", "2:6"),
    ("E2", "## 1. A\n### 1.1 B\n###### x\n", "3:8"),
    ("E3", "# 1. Build\n## 1. A\n", "1:3"),
    ("E3", "# 1\n## 1. A\n", "1:3"),
    ("E4", "## 1\n## 3\n", "2:4"),
    ("E4", "## 2. A\n", "1:4"),
    ("E5", "## A\n## A\n", "2:4"),
    ("E5", "## 1. A\n## 1. B\n", "2:4"),
    ("E5", "## 1. A\n### 1.1 B\n### 1.1 C\n", "3:5"),
    ("E5", "## 1. A\n### 1.1 B\n### 1 C\n", "3:5"),
    ("E6", "## 1. A\n## NEXT\n", "2:4"),
    ("E6", "## 1. A\n### 1.STOP\n", "2:5"),
    ("E7", "## !!!\n", "1:4"),
    ("E7", "## What's new\n", "1:4"),
    ("E7", "## 3rd step\n", "1:4"),
    ("E7", "## 1.1 A\n", "1:4"),
    ("E7", "## 0. A\n", "1:4"),
    ("E7", "## 1. A\n### ???\n", "2:5"),
    ("E8", "## 1. A\n### 2.1 x\n", "2:5"),
    ("E8", "### 1.1 x\n## 1. A\n", "1:5"),
    ("E9", "## 1. A\n### 1.1 a\n### !some words: x\n", "3:5"),
    ("E9", "## 1. A\n### 1.1 a\n### 1.1.1 b\n", "3:5"),
    ("E10", "## 1. A\n## {N}. x\n", "2:4"),
    ("E10", "## 1. A\n### 1.{n} x\n", "2:5"),
    ("E10", "## 1. A\n- PASS GOTO {N}.1\n", "2:13"),
    ("E11", "## 1. A\n```bash\na\n```\n```json\n{}\n```\n", "5:4"),
    ("E12", "## 1. A\n```\na\n```\n", "2:1"),
    ("E13", "## 1. A\n```bash\na\n```\n### 1.1 B\n", "2:4"),
    ("E13", "## 1. A\n- a.runbook.md\n### 1.1 B\n", "2:3"),
    ("E13", "## 1. A\n- a.runbook.md\n\n```bash\na\n```\n", "4:4"),
    ("E13", "## 1. A\n```bash\na\n```\n- a.runbook.md\n", "5:3"),
    ("E13", "## 1. A\n### 1.1 B\n- a.runbook.md\n- b.runbook.md\n", "4:3"),
    ("E14", "## 1. A\ntext\n\n- PASS CONTINUE\n", "4:3"),
    ("E14", "## 1. A\n```bash\na\n```\n- PASS CONTINUE\n", "5:3"),
    ("E15", "## 1. A\n```bash\na\n```\ntext\n", "5:1"),
    ("E15", "## 1. A\n- a.runbook.md\n- text\n", "3:3"),
    ("E16", "## 1. A\n- PASS CONTINUE\n- FOR 3\n### 1.1 B\n", "3:3"),
    ("E16", "## 1. A\n- FOR 3\n- FOR 4\n### 1.1 B\n", "3:3"),
    ("E16", "## 1. A\n### 1.1 B\n- FOR 3\n", "3:3"),
    ("E16", "## 1. A\n- FOR 3\n", "2:3"),
    ("E17", "## 1. A\n- FOR i IN 1..5\n### 1.1 B\n", "2:3"),
    ("E17", "## 1. A\n- FOR {{xs}}\n### 1.1 B\n", "2:3"),
    ("E17", "## 1. A\n- FOR IN IN 3\n### 1.1 B\n", "2:3"),
    ("E17", "## 1. A\n- FOR step IN 3\n### 1.1 B\n", "2:3"),
    ("E17", "## 1. A\n- FOR 1 TO 3 OF {{xs}}\n### 1.1 B\n", "2:3"),
    ("E18", "## 1. A\n- FOR 20000\n### 1.1 B\n", "2:7"),
    ("E18", "## 1. A\n- FOR i IN 0 TO 3\n### 1.1 B\n", "2:12"),
    ("E19", "## 1. A\n- FOR 3\n  - hello\n### 1.1 B\n", "3:5"),
    ("E20", "## 1. A\n- PASS JUMP 3\n", "2:8"),
    ("E20", "## 1. A\n- PASS continue\n", "2:8"),
    ("E20", "## 1. A\n- PASS\n", "2:3"),
    ("E20", "## 1. A\n- PASS CONTINUE now\n", "2:17"),
    ("E20", "## 1. A\n- FAIL GOTO\n", "2:8"),
    ("E20", "## 1. A\n- FAIL RETRY 2 CONTNUE\n", "2:16"),
    ("E21", "## 1. A\n- FAIL RETRY 0 STOP\n", "2:14"),
    ("E21", "## 1. A\n- FAIL RETRY 2 RETRY 1 STOP\n", "2:16"),
    ("E22", "## 1. A\n- PASS ALL CONTINUE\n- FAIL ALL STOP\n### 1.1 B\n", "3:3"),
    ("E23", "## 1. A\n- PASS DEFER\n", "2:3"),
    ("E24", "## 1. A\n- FAIL BREAK\n", "2:3"),
    ("E24", "## 1. A\n### 1.1 B\n- FAIL NEXT\n", "3:3"),
    ("E24", "## 1. A\n- FOR 3\n- FAIL BREAK\n### 1.1 B\n", "3:3"),
    ("E25", "## 1. A\n- FAIL GOTO 99\n", "2:3"),
    ("E25", "## 1. A\n- FAIL GOTO NEXT\n", "2:13"),
    ("E25", "## 1. A\n- FAIL GOTO 1.9\n### 1.1 B\n", "2:3"),
    ("E25", "## 1. A\n- FAIL GOTO B\n### 1.B\n", "2:3"),
    ("E26", "## 1. A\n- FAIL GOTO 2 AT 1\n## 2. B\n", "2:3"),
    ("E26", LOOP + "- FAIL GOTO 1 AT x\n", "5:18"),
    ("E26", LOOP + "- FAIL GOTO 1 AT 0\n", "5:18"),
    ("E27", "## 1. A\n- FAIL STOP COMPLETE\n", "2:13"),
    ("E27", "## 1. A\n- FAIL STOP too bad\n", "2:17"),
    ("E27", '## 1. A\n- FAIL STOP "open\n', "2:14"),
    ("E28", "## 1. A\n- OUTPUTS\n", "2:3"),
    ("E28", "## 1. A\n- OUTPUTS\n  - Index\n", "3:5"),
    ("E28", '## 1. A\n- OUTPUTS\n  - Version "1"\n', "3:5"),
    ("E28", "## 1. A\n- OUTPUTS\n  - V\n  - V\n", "4:5"),
    ("E28", "## 1. A\n- OUTPUTS\n  - V\n- OUTPUTS\n  - W\n", "4:3"),
    ("E28", "## 1. A\ntext\n\n- OUTPUTS\n  - V\n", "4:3"),
    ("E28", "## 1. A\n- FOR 3\n- OUTPUTS\n  - V\n### 1.1 B\n", "3:3"),
    ("E29", "## 1. A\n- INPUTS\n", "2:3"),
    ("E29", "## 1. A\n- ARTIFACTS\n", "2:3"),
    ("E29", "## 1. A\n- DELEGATE\n", "2:3"),
    ("E29", "## 1. A\n- PASS DELEGATE x\n", "2:8"),
    ("E30", "## 1. A\n- PASS ALL CONTINUE\n- FAIL ANY STOP\n### 1.1 B\n- PASS CONTINUE\n", "1:4"),
    ("E31", "---\nrequired: [X]\n---\n## 1. A\n", "2:12"),
    ("E31", "---\ninputs: [step]\n---\n## 1. A\n", "2:10"),
    ("E31", "---\ninputs: [a-b]\n---\n## 1. A\n", "2:10"),
    ("E31", "---\noutputs: [index]\n---\n## 1. A\n", "2:11"),
    ("E32", "---\nscenarios: {a: {result: STOP}}\n---\n## 1. A\n", "2:13"),
    ("E32", "---\nscenarios: {a: {commands: [x]}}\n---\n## 1. A\n", "2:13"),
    (
        "E32",
        "---\nscenarios:\n  a:\n    commands: [x]\n    result: STOP\n    expect: {result: COMPLETE}\n---\n## 1. A\n",
        "6:22",
    ),
    ("E33", "## 1000000\n", "1:4"),
    ("E34", "## 1. A\n```bash tiemout=3\na\n```\n", "2:9"),
    ("E34", "## 1. A\n```bash timeout=3\na\n```\n", "2:9"),
    ("E34", "## 1. A\n```bash{1}\na\n```\n", "2:4"),
    ("E35", "## 1. A\n```agent nobody\na\n```\n", "2:10"),
    ("E35", "## 1. A\n```agent claude\n\n```\n", "2:1"),
    ("E37", "## 1. \0\n", "1:1"),
    ("E38", "---\na: [\n---\n## 1. A\n", "3:1"),
    ("E38", "---\nshell: {errexti: true}\n---\n## 1. A\n", "2:9"),
    ("E38", "---\n- a\n---\n## 1. A\n", "2:1"),
    ("E38", "---\na: 1\n## 1. A\n", "1:1"),
    ("E39", "## 1. A\n```bash\na\n", "2:1"),
    ("E39", "## 1. A\n<!-- a\n## 2. B\n", "2:1"),
]

WARNINGS = [
    ("W1", "## 1. A\n- PASS: CONTINUE\n", "2:3"),
    ("W2", "## 1. A\n- FAIL RETRY\n", "2:3"),
    ("W2", "## 1. A\n- FAIL RETRY 2\n", "2:3"),
    ("W2", "## 1. A\n- FAIL RETRY GOTO 1\n", "2:3"),
    ("W3", "## 1. A\n- PASS ALL CONTINUE\n### 1.1 B\n", "2:3"),
    ("W3", "## 1. A\n- PASS ALL CONTINUE\n- FAIL ANY STOP\n", "2:3"),
    ("W4", "## 1. A\n- PASS CONTINUE\n- OUTPUTS\n  - V\n", "3:3"),
    ("W5", "## 1. A\n- FAIL GOTO 1\n", "2:3"),
    ("W6", "## 1. A\n- PASS CONTINUE\n- YES STOP\n", "3:3"),
    ("W7", "## 1. A\nPASS: CONTINUE\n", "2:1"),
    ("W7", "## 1. A\n- Pass: continue\n", "2:3"),
    ("W7", "## 1. A\n- RETRY 3 STOP\n", "2:3"),
    ("W7", "## 1. A\n- PASS CONTINUE\nFAIL STOP\n", "3:1"),
    ("W8", "---\nvars: {A: 1}\n---\n## 1. A\n", "2:7"),
    ("W8", "---\ninputs: {A: 1}\n---\n## 1. A\n", "2:10"),
    ("W14", "## Install it\n## Use it\n", "1:4"),
    ("W17", "---\ntags: x\n---\n## 1. A\n", "2:7"),
    ("W18", "## 1. A\n- text\n  ```bash\n  a\n  ```\n", "3:6"),
    ("W18", "```bash\na\n```\n## 1. A\n", "1:4"),
]

CHECKED = [
    ("E36", "## 1. A\n```bash\necho '{{x}}'\n```\n", "3:7"),
    ("E36", "---\ninputs: [x]\n---\n## 1. A\n```bash\necho \\{{x}}\n```\n", "6:7"),
    ("W5", "## 1. A\n- PASS GOTO 2\n- FAIL GOTO 2\n## 2. B\n- PASS GOTO 1\n- FAIL GOTO 1\n", "1:4"),
    ("W9", "## 1. A\n{{nobody}}\n", "2:1"),
    ("W9", "## 1. A\n- FOR x IN {{xs}}\n### 1.1 B\n{{x}} {{Index}}\n", "2:12"),
    ("W9", "## 1. A\n{{Index}}\n", "2:1"),
    ("W10", "## 1. A\n## B\n", "2:4"),
    ("W10", "## 1. A\n- PASS STOP\n## 2. B\n", "3:4"),
    ("W10", "## 1. A\n### 1.1 B\n- PASS STOP\n### 1.2 C\n", "4:5"),
    ("W11", "## 1. A\n```bash\nif\n```\n", "2:1"),
    ("W12", "---\ninputs: [x]\n---\n## 1. A\n```bash\necho '{{x}}'\n```\n", "6:7"),
    ("W13", "## 1. A\n```bash\nmake\nls\n```\n", "3:1"),
    ("W14", "## 1. A\n## Install it\n## Use it\n", "2:4"),
    ("W15", "## 1. A\n```bash\nexport A=1\n```\n", "3:1"),
    ("W15", "## 1. A\n```bash\nmkdir x && cd x\n```\n", "3:12"),
    ("W16", "## 1. A\n```bash\nps aux\n```\n", "3:1"),
    ("W16", "## 1. A\n```bash\nls | sudo tee x\n```\n", "3:6"),
]


def _kebab(number: str) -> str:
    return next(f"syntax/{code.kebab}" for code in Code if code.number == number)


def _ids(table: list[tuple[str, str, str]]) -> list[str]:
    return [f"{number}-{index}" for index, (number, _, _) in enumerate(table)]


@pytest.mark.parametrize(("number", "text", "place"), ERRORS, ids=_ids(ERRORS))
def test_an_error_is_found_at_its_place_and_no_runbook_is_given(number: str, text: str, place: str) -> None:
    parsed = parse_runbook(text.encode(), "a.md")
    errors = [(item.code, str(item.span)) for item in parsed.errors]
    assert (errors, parsed.runbook) == ([(_kebab(number), f"a.md:{place}")], None)


@pytest.mark.parametrize(("number", "text", "place"), WARNINGS, ids=_ids(WARNINGS))
def test_a_warning_is_found_at_its_place_and_the_runbook_is_given(number: str, text: str, place: str) -> None:
    parsed = parse_runbook(text.encode(), "a.md")
    found = [(item.code, str(item.span), item.severity) for item in parsed.diagnostics]
    assert (_kebab(number), f"a.md:{place}", "warning") in found
    assert parsed.runbook is not None


@pytest.mark.parametrize(("number", "text", "place"), CHECKED, ids=_ids(CHECKED))
def test_a_check_finds_more_than_a_parse(number: str, text: str, place: str) -> None:
    assert parse_runbook(text.encode(), "a.md").runbook is not None
    found = [(item.code, str(item.span)) for item in check_source(text.encode(), "a.md").diagnostics]
    assert (_kebab(number), f"a.md:{place}") in found


def test_every_code_has_an_example() -> None:
    shown = {number for number, _, _ in (*ERRORS, *WARNINGS, *CHECKED)}
    assert sorted(shown) == sorted(code.number for code in Code)


def test_numbers_and_names_are_unique() -> None:
    assert len({code.number for code in Code}) == len({code.kebab for code in Code}) == len(Code)


@pytest.mark.parametrize("text", [text for _, text, _ in (*ERRORS, *WARNINGS, *CHECKED)])
def test_every_diagnostic_points_into_the_file_and_says_what_to_do(text: str) -> None:
    lines = text.split("\n")
    for item in check_source(text.encode(), "a.md").diagnostics:
        assert item.span is not None
        shown = (item.span.excerpt, item.message.endswith("."), bool(item.fix))
        assert shown == (lines[item.span.line - 1] if "\0" not in text else "", False, True)
