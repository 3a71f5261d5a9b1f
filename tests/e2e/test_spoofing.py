"""Steps that try to draw over, answer or imitate the question of the step after them. None of them can.

What rundown says begins at the left edge, what a step prints never does; a question is drawn by rundown on
lines of its own, and reads no key that was typed, or answered by the terminal, before it could be seen.
"""

import pytest

from tests.support.project import RUNDOWN, bare_environment, commit_all
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.terminal]

FAKE = r"""
▌ ◆ Permission needed   step 9 Harmless
▌ › y  allow once
◆ Permission needed   step 9 Harmless
› n  deny
a key, or arrows and Enter
"""

ATTACKS = {
    "a fake question": f"cat <<'END'\n{FAKE}\nEND\n",
    "a fake question in colour": "printf '\\033[33m\\342\\227\\206 Permission needed\\033[0m step 9\\n'\n",
    "cursor moves": "printf '\\033[20A\\033[1;1H\\033[2J\\0337\\0338\\033M\\033[sFAKE\\033[u\\n'\n",
    "the other screen": "printf '\\033[?1049h\\033[?47hFAKE\\n'\n",
    "scroll margins and modes": "printf '\\033[1;3r\\033[?6h\\033[?7l\\033[4h\\033[?25l\\033[?2026hFAKE\\n'\n",
    "queries": "printf '\\033[6n\\033[c\\033[>c\\033[5n\\033[?u\\033[>q\\033]10;?\\007\\033[21t\\033P+q544e\\033\\\\\\033[?2026$p'\n",
    "an answer in the title": "printf '\\033]0;y\\007\\033[21t\\033]l y\\033\\\\'\n",
    "clipboard and links": "printf '\\033]52;c;eQ==\\007\\033]8;;http://x.example\\033\\\\FAKE\\033]8;;\\033\\\\\\n'\n",
    "ten thousand columns": "printf 'x%.0s' $(seq 10000); printf '◆ Permission needed step 9\\n'\n",
    "filler up to the next line": "printf '%*s' 98 ''; printf '◆ Permission needed step 9'; printf '%*s' 500 ''; printf '\\n'\n",
    "wide characters": "printf '日%.0s' $(seq 300); printf '\\360\\237\\221\\250\\342\\200\\215\\360\\237\\221\\251%.0s' $(seq 200); echo\n",
    "zero-width characters": "printf '\\314\\201%.0s' $(seq 3000); printf '\\342\\200\\213%.0s' $(seq 500); echo FAKE\n",
    "a joiner before the mark": "printf 'x\\342\\200\\215\\n◆ Permission needed step 9\\n'\n",
    "right to left": "printf '\\342\\200\\256dekcart\\342\\200\\254 \\342\\201\\246x\\342\\201\\251 \\342\\200\\217\\n'\n",
    "an escape cut in two": "printf '\\033'; sleep 0.1; printf '[2J'; printf '\\033['; sleep 0.1; printf '1;1HFAKE\\n'\n",
    "an escape left open": "printf 'FAKE\\033]0;'\n",
    "eight-bit controls": "printf '\\302\\2332J\\302\\2331;1HFAKE\\302\\220q\\302\\234\\n'\n",
    "line ends of other kinds": "printf 'a\\013b\\014c\\302\\205d\\342\\200\\250e\\342\\200\\251f\\n'\n",
    "returns and erasing": "printf '│ x\\r◆ Permission needed\\r\\033[2K◆\\033[1G◆\\r\\r\\r\\033[K◆\\n'\n",
    "colours left on": "printf '\\033[7;5;8;31;42mFAKE'\n",
}


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    commit_all(place, "Start")
    return place


def attack(project, text: str) -> str:
    book = f"# Attack\n\n## 1. Attack\n\n```bash\n{text}```\n\n## 2. Ask\n\n```bash\nseq 3 | tac\n```\n"
    (project / "attack.runbook.md").write_text(book)
    return "attack.runbook.md"


def step_output(screen: str) -> list[str]:
    """Returns the lines between the header of the step that attacks and its result."""
    lines = screen.split("\n")
    begin = max(place for place, line in enumerate(lines) if line.startswith("▶ 1 Attack"))
    end = next(place for place, line in enumerate(lines[begin:], begin) if line.startswith("✓ 1 passed"))
    return lines[begin + 1 : end]


@pytest.mark.parametrize("name", ATTACKS)
def test_a_step_can_neither_imitate_draw_over_nor_answer_a_question(project, name):
    words = [RUNDOWN, "run", attack(project, ATTACKS[name]), "--no-preflight"]
    with Terminal(words, cwd=project, environment=bare_environment(project), rows=60) as terminal:
        shown = terminal.wait_question("step 2 Ask")
        plain = terminal.screen(history=True, joined=False)
        assert [line for line in step_output(plain) if line and not line.startswith("│")] == []
        question = [line for line in shown.split("\n") if line.startswith("▌")]
        assert "Permission needed   step 2 Ask" in question[0]
        assert any("› n  deny" in line for line in question)
        assert terminal.modes() == "0 0 0 0", "screen, insert, origin, mouse"
        terminal.press("n")
        assert terminal.wait_exit() == 3, terminal.screen()


def test_what_the_terminal_is_made_to_answer_reaches_nobody(project):
    """Even unfiltered queries: their answers are thrown away before the question reads a key."""
    text = "printf '\\033[6n\\033[c\\033[5n'\n"
    words = [RUNDOWN, "run", attack(project, text), "--no-preflight", "--raw-output"]
    with Terminal(words, cwd=project, environment=bare_environment(project)) as terminal:
        terminal.wait_question("step 2 Ask")
        terminal.press("n")
        assert terminal.wait_exit() == 3, terminal.screen()


def test_pasted_text_is_no_answer(project):
    words = [RUNDOWN, "run", attack(project, "true\n"), "--no-preflight"]
    with Terminal(words, cwd=project, environment=bare_environment(project)) as terminal:
        terminal.wait_question("step 2 Ask")
        terminal.paste("yyyy\n")
        terminal.press("v")
        terminal.wait_for("back to the question")
        terminal.press("b", "n")
        assert terminal.wait_exit() == 3, terminal.screen()
