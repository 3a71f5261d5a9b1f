"""What a check says, and what it keeps still about."""

import pytest

from rundown.syntax.check import check_runbook, check_source
from rundown.syntax.parse import parse_runbook


def codes(text: str) -> list[str]:
    parsed = parse_runbook(text.encode(), "a.md")
    assert parsed.runbook is not None, parsed.diagnostics
    return [item.code.removeprefix("syntax/") for item in check_runbook(parsed.runbook, text.encode())]


QUIET = {
    "plain steps": "## 1. A\n```bash\nmake\n```\n## 2. B\ntext\n",
    "a named step that is jumped to": "## 1. A\n- FAIL GOTO Fix\n## Fix\n",
    "a jump back with a way out": "## 1. A\n- PASS CONTINUE\n- FAIL GOTO Fix\n## Fix\n- PASS GOTO 1\n- FAIL STOP\n",
    "a loop left by BREAK": "## 1. A\n- FOR i IN 3\n### 1.1 B\n- PASS BREAK\n- FAIL BREAK\n## 2. C\n",
    "a loop's second substep behind NEXT": "## 1. A\n- FOR i IN 3\n### 1.1 B\n- FAIL NEXT\n### 1.2 C\n",
    "a substep that is jumped to": "## 1. A\n### 1.1 B\n- PASS GOTO 1.3\n- FAIL STOP\n### 1.3 C\n",
    "the first step has a name": "## Start\n- PASS GOTO 1\n## 1. A\n",
    "declared names": '---\ninputs: [a]\n---\n## 1. A {{a}}\n- OUTPUTS\n  - B\n```bash\nmake "{{a}}"\n```\n## 2. C\n{{B}} {{Date}} {{context.run}} {{Step}}\n',
    "names that children hand up": "## 1. A\n- a.runbook.md\n## 2. B\n{{Theirs}}\n",
    "loop variable and index": "---\ninputs: [xs]\n---\n## 1. A\n- FOR x IN {{xs}}\n  - FAIL GOTO 1.1 AT {{Index}}\n### 1.1 B\n{{x}} {{index}}\n",
    "templates of others": "## 1. A\n```bash\ndocker ps --format '{{.Names}}'\n```\n## 2. B\n```yaml\nkey: ${{ secrets.KEY }}\n```\n",
    "errexit in the block": "## 1. A\n```bash\nset -euo pipefail\nmake\nls\n```\n",
    "errexit for all": "---\nshell: {errexit: true}\n---\n## 1. A\n```bash\nmake\nls\n```\n",
    "one command over several lines": "## 1. A\n```bash\n# say it\nx=1\nf() { ls; }\necho \\\n  a\nmake &&\n  ls\n```\n",
    "an exit for the failure": "## 1. A\n```bash\nmake || exit 1\nls\n```\n",
    "cd that is used": "## 1. A\n```bash\ncd x && make\n```\n",
    "the host, asked for": "## 1. A\n```bash host=pid\nps aux\n```\n## 2. B\n```bash unconfined\nsudo systemctl restart x\n```\n",
    "a name in single quotes, its options plain": "---\ninputs: {e: {options: [prod, test]}}\n---\n## 1. A\n```bash\nawk '/{{e}}/' x\n```\n",
    "a date in single quotes": "## 1. A\n```bash\necho '{{Date}}'\n```\n",
    "shown blocks": "## 1. A\n```bash prompt\nps aux\ncd x\n```\n",
}


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET.keys())
def test_a_good_runbook_is_not_spoken_of(text: str) -> None:
    assert codes(text) == []


def test_a_round_is_named_by_its_steps() -> None:
    text = (
        "## 1. A\n## 2. B\n- PASS GOTO 3.1\n- FAIL GOTO 3\n## 3. C\n### 3.1 D\n- PASS GOTO 2\n- FAIL GOTO 2\n"
    )
    assert [item.message for item in check_source(text.encode(), "a.md").diagnostics] == [
        "a round that never ends: 2, 3.1"
    ]


def test_what_only_leads_into_a_round_is_not_part_of_it() -> None:
    text = "## 1. A\n- FAIL CONTINUE\n## 2. B\n- PASS GOTO 3\n- FAIL GOTO 3\n## 3. C\n- PASS GOTO 2\n- FAIL GOTO 2\n"
    assert [item.message for item in check_source(text.encode(), "a.md").diagnostics] == [
        "a round that never ends: 2, 3"
    ]


def test_commands_that_decide_nothing_are_said_once() -> None:
    text = "## 1. A\n```bash\nmake\nls\n```\n## 2. B\n```bash\nmake\nls\n```\n"
    assert [(item.message, str(item.span)) for item in check_source(text.encode(), "a.md").diagnostics] == [
        ("several commands, and only the last one decides (in 2 blocks)", "a.md:3:1")
    ]


def test_places_are_right_in_indented_blocks_with_wide_characters() -> None:
    text = "## 1. A\n   ```bash\n   echo 'é日' | ps\n   ```\n"
    assert [(item.code, str(item.span)) for item in check_source(text.encode(), "a.md").diagnostics] == [
        ("syntax/needs-host", "a.md:3:16")
    ]


def test_a_check_of_what_cannot_be_parsed_says_what_the_parse_said() -> None:
    text = b"## 1. A\n- PASS JUMP\n"
    assert check_source(text, "a.md") == parse_runbook(text, "a.md")


def test_a_placeholder_that_can_never_be_data_fails_the_check() -> None:
    checked = check_source(b"## 1. A\n```bash\necho '{{x}}'\n```\n", "a.md")
    assert (checked.runbook, [item.code for item in checked.errors]) == (None, ["syntax/unsafe-placeholder"])
