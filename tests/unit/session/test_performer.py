"""Each effect of the machine is answered by facts; templates are filled in where the machine stands."""

import json
from pathlib import Path

import pytest

from rundown.model.event import (
    AgentReported,
    EffectFailed,
    IndexResolved,
    ItemDrawn,
    LoopOpened,
    OutputCaptured,
    ProcessEnded,
    RunFinished,
    RunPaused,
    SourceEnded,
    StepFinished,
    StepStarted,
)
from rundown.model.sandbox import ProcessResult
from rundown.session.ports import Report
from tests.support.bench import Bench
from tests.support.fakes import MemoryFile, ScriptedLauncher, ScriptedPrompter
from tests.support.policies import rules

COMMAND = "```sh\ngit status\n```\n"


def told(bench: Bench, *kinds: type) -> list[object]:
    return [body for body in bench.log.bodies if isinstance(body, kinds)]


def test_a_unit_begins_with_its_title_filled_in_and_its_attempt(tmp_path: Path) -> None:
    text = f"# T\n\n## 1. Deploy {{{{Site}}}}\n- FAIL RETRY 1 STOP\n\n{COMMAND}"
    bench = Bench(text, tmp_path, values={"Site": "east"}, launcher=ScriptedLauncher([1, 0]))
    bench.run()
    assert told(bench, StepStarted) == [
        StepStarted(step="1", attempt=1, title="Deploy east"),
        StepStarted(step="1", attempt=2, title="Deploy east"),
    ]


def test_a_question_says_how_far_the_runbook_has_come(tmp_path: Path) -> None:
    text = f"# T\n\n## 1. A\n\n### 1.1 B\n\n{COMMAND}\n### 1.2 C\n\n```sh\ndeploy-tool\n```\n\n## 2. D\n\n{COMMAND}"
    bench = Bench(text, tmp_path)
    bench.run()
    assert [(item.subject.title, item.subject.progress) for item in bench.prompter.questions] == [
        ("C", "2/3")
    ]


# --- a person does it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "end"),
    [
        (
            Report(kind="pass", note="done"),
            StepFinished(step="1", result="pass", reported_by="person", note="done"),
        ),
        (Report(kind="fail"), StepFinished(step="1", result="fail", reported_by="person")),
        (Report(kind="later"), RunPaused(reason="waiting", position="1", detail="a person does this")),
    ],
)
def test_a_person_is_shown_the_task_and_asked_how_it_went(
    report: Report, end: object, tmp_path: Path
) -> None:
    bench = Bench(
        "# T\n\n## 1. Call {{Who}}\n\nTell {{Who}} first.\n",
        tmp_path,
        values={"Who": "Ada"},
        prompter=ScriptedPrompter(reports=[report]),
    )
    bench.run()
    assert (bench.frontend.tasks, bench.prompter.titles, told(bench, StepFinished, RunPaused)) == (
        ["Tell Ada first."],
        ["1 Call Ada"],
        [end],
    )


def test_a_run_by_hand_shows_its_commands_and_runs_none(tmp_path: Path) -> None:
    bench = Bench('```sh\ngit log "{{Name}}"\n```\n', tmp_path, values={"Name": "plain"})
    state = bench.run(prompted=True)
    assert (bench.frontend.tasks, bench.launcher.launched, state.pause) == (
        ['    git log "plain"'],
        [],
        "waiting",
    )


# --- loops ----------------------------------------------------------------------------------------------

LOOP = f"- FOR x IN {{{{xs}}}}\n\n### 1.1 Use {{{{x}}}}\n- PASS CONTINUE\n- FAIL CONTINUE\n\n{COMMAND}"


def test_a_loop_over_a_list_names_each_item(tmp_path: Path) -> None:
    bench = Bench(LOOP, tmp_path, values={"xs": ["a", {"b": 1}]})
    bench.run()
    assert told(bench, LoopOpened) == [LoopOpened(step="1", first=1, last=10_000, items=('"a"', '{"b": 1}'))]
    assert [body.title for body in told(bench, StepStarted)] == ["Use a", 'Use {"b": 1}']  # type: ignore[attr-defined]


def file_bench(folder: Path, ruleset: str = "") -> Bench:
    (folder / "items.jsonl").write_text('"a"\n\n"b"\n')
    allow = f"version: 1\ndefault: {{read: {{allow: ['{folder}/**']}}}}"
    return Bench(LOOP, folder, values={"xs": "file:items.jsonl"}, ruleset=rules(ruleset or allow))


def test_a_loop_over_a_file_reads_it_item_by_item_once_that_is_allowed(tmp_path: Path) -> None:
    bench = file_bench(tmp_path)
    state = bench.run()
    assert (told(bench, ItemDrawn, SourceEnded, EffectFailed), state.lifecycle) == (
        [
            ItemDrawn(step="1", iteration=1, value='"a"'),
            ItemDrawn(step="1", iteration=2, value='"b"'),
            SourceEnded(step="1", length=2),
        ],
        "completed",
    )


def test_a_loops_file_that_may_not_be_read_stops_the_run_unread(tmp_path: Path) -> None:
    bench = file_bench(tmp_path, f"version: 1\ndefault: {{read: {{deny: ['{tmp_path}/items.jsonl']}}}}")
    bench.run()
    assert told(bench, LoopOpened, EffectFailed, RunFinished) == [
        EffectFailed(position="1", code="policy-violation", message="items.jsonl may not be read"),
        RunFinished(status="stopped", message="items.jsonl may not be read", code="policy-violation"),
    ]


def test_a_secret_input_is_no_source(tmp_path: Path) -> None:
    bench = Bench(LOOP, tmp_path, values={"xs": ["a"]}, secret=frozenset({"xs"}))
    bench.run()
    (failed,) = told(bench, EffectFailed)
    assert (failed.code, "a secret input" in failed.message) == ("policy-violation", True)  # type: ignore[attr-defined]


JUMP = (
    "# T\n\n## 1. A\n- PASS GOTO 2 AT {{K}}\n\n" + COMMAND
    + "\n## 2. B\n- FOR x IN 1 TO 3\n\n### 2.1 C\n- PASS STOP\n\n" + COMMAND
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (3, IndexResolved(name="K", iteration=3)),
        ("2", IndexResolved(name="K", iteration=2)),
        (
            True,
            EffectFailed(position="1", code="type-mismatch", message="`AT {{K}}` needs a whole number"),
        ),
        ("two", EffectFailed(position="1", code="type-mismatch", message="`AT {{K}}` needs a whole number")),
        (
            None,
            EffectFailed(position="1", code="undefined-variable", message="`AT {{K}}` needs a whole number"),
        ),
    ],
)
def test_an_index_is_a_whole_number_or_the_run_stops(value: object, answer: object, tmp_path: Path) -> None:
    bench = Bench(JUMP, tmp_path, values={} if value is None else {"K": value})
    bench.run()
    assert told(bench, IndexResolved, EffectFailed) == [answer]


# --- the end --------------------------------------------------------------------------------------------


def test_a_run_ends_with_its_outputs_and_its_message_filled_in(tmp_path: Path) -> None:
    text = (
        "---\noutputs: [Tag, \"Site 'at {{Tag}}'\", Nobody]\n---\n# T\n\n## 1. A\n"
        f'- OUTPUTS\n  - Tag\n- PASS COMPLETE "built {{{{Tag}}}}"\n\n{COMMAND}'
    )
    bench = Bench(text, tmp_path, launcher=ScriptedLauncher(hands={"Tag": "v1.2"}))
    bench.run()
    assert bench.log.bodies[-3:] == [
        OutputCaptured(position="", name="Tag", value='"v1.2"'),
        OutputCaptured(position="", name="Site", value='"at v1.2"'),
        RunFinished(status="completed", message="built v1.2"),
    ]


def test_what_says_where_a_run_is_belongs_to_the_run(tmp_path: Path) -> None:
    text = "```sh\ngit log {{RunId}} {{RunbookRef}} {{ContextId}} {{Step}}\n```\n"
    bench = Bench(text, tmp_path, values={"RunId": "forged", "Step": "forged"})
    bench.run()
    values = [value for name, value in bench.launcher.launched[0].env if name.startswith("__rd")]
    assert values == ["run-1", "test.runbook.md", "run-1", "1"]


# --- what was left behind -------------------------------------------------------------------------------


def left(position: str = "1", status: int = 0) -> ProcessEnded:
    result = ProcessResult(ending="exited", status=status, duration_ns=1)
    return ProcessEnded(
        request="sha256:r", position=position, result=result, output="o.log", output_digest="sha256:o"
    )


@pytest.mark.parametrize(("status", "result"), [(0, "pass"), (2, "fail")])
def test_a_process_that_ended_without_a_verdict_is_judged_and_not_run_again(
    status: int, result: str, tmp_path: Path
) -> None:
    bench = Bench(COMMAND, tmp_path, unjudged=left(status=status))
    bench.files["o.log"] = MemoryFile("o.log")
    bench.run()
    assert (told(bench, StepFinished), bench.launcher.launched) == (
        [StepFinished(step="1", result=result, reported_by="process")],  # type: ignore[arg-type]
        [],
    )


def test_an_agents_word_is_read_from_what_it_printed_then(tmp_path: Path) -> None:
    bench = Bench("```agent mock\nDo it.\n```\n", tmp_path, unjudged=left())
    bench.files["o.log"] = MemoryFile("o.log")
    bench.files["o.log"].write(b"RESULT: FAIL no\n")
    bench.run()
    assert told(bench, AgentReported) == [
        AgentReported(position="1", kind="mock", verdict="fail", detail="no")
    ]


def test_it_stands_for_one_attempt_and_no_other(tmp_path: Path) -> None:
    text = f"# T\n\n## 1. A\n- FAIL RETRY 1 STOP\n\n{COMMAND}"
    bench = Bench(text, tmp_path, unjudged=left(status=1))
    bench.files["o.log"] = MemoryFile("o.log")
    bench.run()
    assert [json.dumps([body.result, body.reported_by]) for body in told(bench, StepFinished)] == [  # type: ignore[attr-defined]
        '["fail", "process"]',
        '["pass", "process"]',
    ]
    assert len(bench.launcher.launched) == 1


def test_a_process_of_another_unit_is_none_of_this_one(tmp_path: Path) -> None:
    bench = Bench(COMMAND, tmp_path, unjudged=left(position="7"))
    bench.run()
    assert len(bench.launcher.launched) == 1
