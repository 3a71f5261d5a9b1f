"""The language, rule by rule: each folder is one rule, its title says which.

`runbook.md` is the document; `outcomes.yaml` says what its units report (`script`, in the words of
`tests.support.play`), what names hold (`variables`, `files`) and whether the run is `prompted`;
`expect.jsonl` is what must be seen, whole: diagnostics, then entries and transitions in order, then
the end or what the run waits for.
"""

import json
from pathlib import Path

import pytest
import yaml

from rundown.engine.course import chart
from rundown.engine.effects import Execute, LaunchChild, Wait
from rundown.engine.machine import next_effect
from rundown.engine.transition import TransitionTaken
from rundown.model.event import StepStarted
from rundown.syntax.parse import parse_runbook
from tests.support.play import PROMPTED, STARTED, Play, replay

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/runbook.md"))

Line = dict[str, object]


@pytest.mark.parametrize("case", CASES)
def test_the_language(case):
    expected = (HERE / case / "expect.jsonl").read_text().splitlines()
    assert observe(HERE / case) == [json.loads(line) for line in expected]


def test_no_folder_is_left_out():
    folders = sorted(path.name for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__")
    assert folders == CASES


def observe(folder: Path) -> list[Line]:
    """Returns what a case shows: one map a line."""
    parsed = parse_runbook((folder / "runbook.md").read_bytes(), "runbook.md")
    lines: list[Line] = [
        {item.severity: item.code, "line": item.span.line if item.span else 0} for item in parsed.diagnostics
    ]
    if parsed.runbook is None:
        return lines
    given = folder / "outcomes.yaml"
    outcomes = yaml.safe_load(given.read_text()) if given.exists() else {}
    run = Spoken(
        chart(parsed.runbook),
        outcomes.get("variables", {}),
        outcomes.get("files", {}),
        PROMPTED if outcomes.get("prompted") else STARTED,
    )
    run.run(outcomes.get("script", []))
    assert replay(run.course, run.bodies) == run.state
    return [*lines, *run.seen, run.rest()]


class Spoken(Play):
    """A run that keeps what is seen of it."""

    def __post_init__(self) -> None:
        self.seen: list[Line] = []
        super().__post_init__()

    def take(self, body):
        super().take(body)
        if isinstance(body, StepStarted):
            entered: Line = {"entered": self.state.position}
            self.seen.append(entered | ({"attempt": body.attempt} if body.attempt > 1 else {}))
        self.seen += [_transition(move) for move in self.state.taken]

    def rest(self) -> Line:
        """What the run waits for when the script is used up, or how it ended."""
        state = self.state
        match next_effect(self.course, state):
            case Wait(why=why):
                return {"waits": state.position, "why": why}
            case Execute():
                return {"runs": state.position}
            case LaunchChild(reference=reference):
                return {"launches": reference, "at": state.position}
        if state.ending is None:
            return {"paused": state.pause}
        ending = state.ending
        said = {"code": ending.code} if ending.code else {"message": ending.message} if ending.message else {}
        return {"ended": ending.status, **said}


def _transition(move: TransitionTaken) -> Line:
    line: Line = {"from": move.from_, "at": move.at, "action": move.action}
    if move.result is not None:
        line["result"] = move.result.name
    if move.aggregated:
        line["aggregated"] = True
    return line
