"""One unit from its text to its result: every ending has its facts, in their order, and nothing else runs."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from rundown.errors import InvalidInputError, RundownError
from rundown.model.event import (
    AgentReported,
    Body,
    DecisionMade,
    LaunchFailed,
    LaunchRequested,
    OutputCaptured,
    ProcessEnded,
    QuestionAsked,
    RunPaused,
    StepFinished,
)
from rundown.model.policy import Allowed, Decision, Grant
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import ProcessResult, SandboxPlan, StageFailure
from rundown.session.ports import Answer, Choice, Subject
from rundown.session.request import binding_digest
from tests.support.bench import SALT, Bench
from tests.support.fakes import ScriptedLauncher, ScriptedPrompter
from tests.support.policies import flags, rules

ALLOWED_TEXT = "```sh\ngit status\n```\n"
ASKED_TEXT = "```sh\ndeploy-tool\n```\n"
DENIED_TEXT = "```sh\nrm -rf x; dd if=x\n```\n"
ON_DENIED_FAIL = "---\non-denied: fail\n---\n# Test\n\n## 1. Step\n\n"
PASSED = StepFinished(step="1", result="pass", reported_by="process")
FAILED = StepFinished(step="1", result="fail", reported_by="process")
STREAMS = ("stdout", "stderr")
EXITED = ProcessResult(ending="exited", status=0, duration_ns=1)


def kinds(bodies: list[Body]) -> list[str]:
    return [type(body).__name__ for body in bodies]


def after_launch(bodies: list[Body]) -> list[Body]:
    """What follows the promise to launch."""
    return bodies[kinds(bodies).index("LaunchRequested") + 1 :]


def request_of(bodies: list[Body]) -> ExecutionRequest:
    first = bodies[0]
    assert isinstance(first, DecisionMade) and first.frozen is not None
    return first.frozen


def ended(bodies: list[Body], result: ProcessResult = EXITED, size: int = 0) -> ProcessEnded:
    return ProcessEnded(
        request=request_of(bodies).digest,
        position="1",
        result=result,
        output="output/1.1.log",
        output_digest=f"sha256:{size}",
    )


def test_what_is_allowed_is_launched_as_decided_and_judged_by_its_status(tmp_path: Path) -> None:
    bench = Bench(ALLOWED_TEXT, tmp_path)
    bodies = bench.execute()
    request = request_of(bodies)
    assert bodies[1:] == [
        LaunchRequested(request=request.digest, position="1", plan="sha256:plan"),
        ended(bodies),
        PASSED,
    ]
    assert [(plan.request_digest, plan.argv, plan.cwd) for plan in bench.launcher.launched] == [
        (request.digest, ("/bin/sh", "-c", "git status\n"), str(tmp_path))
    ]


@pytest.mark.parametrize(
    "result",
    [
        ProcessResult(ending="exited", status=1, duration_ns=1),
        ProcessResult(ending="signalled", signal=9, duration_ns=1),
        ProcessResult(ending="timed-out", duration_ns=1),
        ProcessResult(ending="timed-out", status=0, duration_ns=1),
        ProcessResult(ending="out-of-memory", duration_ns=1),
    ],
    ids=lambda result: result.ending,
)
def test_whatever_is_no_exit_with_zero_is_a_failure(result: ProcessResult, tmp_path: Path) -> None:
    bodies = Bench(ALLOWED_TEXT, tmp_path, launcher=ScriptedLauncher([result])).execute()
    assert after_launch(bodies) == [ended(bodies, result), FAILED]


def test_an_interrupted_step_has_no_result_and_pauses_the_run(tmp_path: Path) -> None:
    text = "- OUTPUTS\n  - Key\n\n" + ALLOWED_TEXT
    result = ProcessResult(ending="interrupted", duration_ns=1)
    launcher = ScriptedLauncher([result], hands={"Key": "half"})
    bodies = Bench(text, tmp_path, launcher=launcher).execute()
    assert after_launch(bodies) == [
        ended(bodies, result),
        RunPaused(reason="interrupted", position="1"),
    ]


# --- denied, asked, confirmed ---------------------------------------------------------------------------


def test_a_denied_step_pauses_the_run_and_names_all_that_was_denied(tmp_path: Path) -> None:
    bench = Bench(DENIED_TEXT, tmp_path)
    bodies = bench.execute()
    assert (kinds(bodies), bodies[-1], bench.launcher.launched) == (
        ["DecisionMade", "RunPaused"],
        RunPaused(reason="denied", position="1", detail="run rm, run dd"),
        [],
    )


def test_a_denied_step_fails_where_the_runbook_says_so(tmp_path: Path) -> None:
    bench = Bench(ON_DENIED_FAIL + DENIED_TEXT, tmp_path)
    assert (bench.execute()[1:], bench.launcher.launched) == (
        [
            StepFinished(
                step="1", result="fail", reported_by="policy", note="denied: run rm, run dd (status 126)"
            )
        ],
        [],
    )


def test_a_step_is_launched_after_a_yes_and_the_question_says_what_it_is_about(tmp_path: Path) -> None:
    prompter = ScriptedPrompter([(Answer(choice=Choice.ONCE),)])
    bodies = Bench(ASKED_TEXT, tmp_path, prompter=prompter).execute()
    (question,) = prompter.questions
    assert (kinds(bodies), question.subject, question.request) == (
        ["DecisionMade", "QuestionAsked", "DecisionMade", "LaunchRequested", "ProcessEnded", "StepFinished"],
        Subject(title="Step"),
        request_of(bodies),
    )


CONFIRM = '```sh confirm="Fail over now?"\ngit status\n```\n'


@pytest.mark.parametrize(
    ("confirms", "present", "answer", "by"),
    [([False], True, "no", "person"), ([], False, "no", "non-interactive")],
)
def test_without_a_yes_a_step_that_wants_one_is_not_launched(
    confirms: list[bool], present: bool, answer: str, by: str, tmp_path: Path
) -> None:
    bench = Bench(CONFIRM, tmp_path, prompter=ScriptedPrompter(confirms=confirms, present=present))
    bodies = bench.execute()
    asked = QuestionAsked(
        request=request_of(bodies).digest,
        position="1",
        resources=("confirm Fail over now?",),
        answers=(answer,),
        answered_by=by,
    )
    pause = RunPaused(reason="denied", position="1", detail="not confirmed: Fail over now?")
    assert (bodies[1:], bench.launcher.launched) == ([asked, pause], [])


def test_a_yes_is_on_record_before_the_launch(tmp_path: Path) -> None:
    bench = Bench(CONFIRM, tmp_path, prompter=ScriptedPrompter(confirms=[True]))
    bodies = bench.execute()
    assert (kinds(bodies)[1:3], bodies[1].answers) == (["QuestionAsked", "LaunchRequested"], ("yes",))  # type: ignore[union-attr]


def test_no_flag_says_yes_for_a_person(tmp_path: Path) -> None:
    bench = Bench(CONFIRM, tmp_path, ruleset=rules(yes="all"), prompter=ScriptedPrompter(present=False))
    assert bench.execute()[-1].reason == "denied"  # type: ignore[union-attr]


def test_a_step_for_a_persons_terminal_waits_where_there_is_none(tmp_path: Path) -> None:
    bench = Bench("```sh interactive\ngit status\n```\n", tmp_path, prompter=ScriptedPrompter(present=False))
    pause = RunPaused(reason="waiting", position="1", detail="it wants a person at a terminal")
    assert (bench.execute()[-1], bench.launcher.launched) == (pause, [])


# --- what cannot be launched ----------------------------------------------------------------------------

NO_ROOM = StageFailure(stage="mount", errno=28, detail="no space left")


@pytest.mark.parametrize(
    ("launcher", "promised"),
    [(ScriptedLauncher(refuses=NO_ROOM), []), (ScriptedLauncher([NO_ROOM]), ["LaunchRequested"])],
    ids=["plan", "launch"],
)
def test_a_stage_that_failed_pauses_the_run(
    launcher: ScriptedLauncher, promised: list[str], tmp_path: Path
) -> None:
    bodies = Bench(ALLOWED_TEXT, tmp_path, launcher=launcher).execute()
    assert kinds(bodies) == ["DecisionMade", *promised, "LaunchFailed", "RunPaused"]
    assert bodies[-2:] == [
        LaunchFailed(request=request_of(bodies).digest, position="1", failure=NO_ROOM),
        RunPaused(reason="sandbox", position="1", detail="mount: no space left"),
    ]


def _spoiled(field: str) -> ScriptedLauncher:
    def spoil(plan: SandboxPlan) -> SandboxPlan:
        changed = {
            "request_digest": plan.request_digest[:-1] + ("1" if plan.request_digest[-1] == "0" else "0"),
            "argv": (*plan.argv[:-1], plan.argv[-1] + " "),
            "cwd": plan.cwd + "/",
            "env": tuple((name, value + "x") for name, value in plan.env),
        }
        return replace(plan, **{field: changed[field]})

    return ScriptedLauncher(spoil=spoil)


@pytest.mark.parametrize("field", ["request_digest", "argv", "cwd", "env"])
def test_a_plan_with_one_byte_changed_is_noticed_and_nothing_is_launched(field: str, tmp_path: Path) -> None:
    text = '```sh\necho "{{Name}}"\n```\n'
    bench = Bench(text, tmp_path, launcher=_spoiled(field), values={"Name": "a value"})
    with pytest.raises(RundownError, match="seal-broken"):
        bench.run()
    assert (bench.launcher.launched, kinds(bench.log.bodies)[-1]) == ([], "DecisionMade")


def test_a_decision_about_another_request_is_noticed_and_nothing_is_launched(tmp_path: Path) -> None:
    class Elsewhere:
        """Allows, but not what was asked for."""

        def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]) -> Decision:
            allowed = bench.judged.evaluate(request, grants)
            assert isinstance(allowed, Allowed)
            return replace(allowed, request=replace(request, text="git push\n"))

        def keep_grant(self, grant: Grant, choice: Choice) -> str:
            return ""

    bench = Bench(ALLOWED_TEXT, tmp_path)
    permissions = type(bench.tools.permissions)(Elsewhere(), bench.prompter, lambda envelope: ())
    bench.tools = replace(bench.tools, permissions=permissions)
    with pytest.raises(RundownError, match="seal-broken"):
        bench.execute()
    assert bench.launcher.launched == []


# --- values and output ----------------------------------------------------------------------------------


def test_a_value_reaches_the_script_as_data_and_the_request_as_a_digest(tmp_path: Path) -> None:
    hostile = "x'; rm -rf / #"
    prompter = ScriptedPrompter([(Answer(choice=Choice.ONCE),)])
    text = '```sh\ndeploy-tool "{{Name}}"\n```\n'
    bench = Bench(text, tmp_path, prompter=prompter, values={"Name": hostile})
    request = request_of(bench.execute())
    (variable,) = (name for name, value in bench.launcher.launched[0].env if value == hostile)
    assert (request.text, request.bindings) == (
        f'deploy-tool "${{{variable}}}"\n',
        ((variable, binding_digest(SALT, variable, hostile)),),
    )
    assert hostile not in msgspec.json.encode(request).decode()
    assert prompter.questions[0].subject.shown == f'deploy-tool "{hostile}"\n'


@pytest.mark.parametrize(
    "text", ["```sh\necho {{Nobody}}\n```\n", "```agent command\necho {{Nobody}}\n```\n"]
)
def test_a_name_without_a_value_fails_the_step_and_nothing_is_decided_or_run(
    text: str, tmp_path: Path
) -> None:
    bench = Bench(text, tmp_path)
    (only,) = bench.execute()
    assert (only, bench.launcher.launched) == (
        StepFinished(step="1", result="fail", reported_by="template", note="undefined-variable: Nobody"),
        [],
    )


def test_a_value_that_cannot_be_kept_as_data_fails_the_step(tmp_path: Path) -> None:
    bench = Bench("```sh\necho '{{Name}}'\n```\n", tmp_path, values={"Name": "a b"})
    (only,) = bench.execute()
    assert (only.reported_by, bench.launcher.launched) == ("template", [])  # type: ignore[union-attr]


def test_secrets_are_taken_out_before_the_file_and_the_front_end_wherever_they_are_cut(
    tmp_path: Path,
) -> None:
    pieces = (b"key: hunter2-", b"is-long", b"\nrest")
    launcher = ScriptedLauncher(prints=[("stdout", piece) for piece in pieces])
    bench = Bench(ALLOWED_TEXT, tmp_path, launcher=launcher, secrets={"DEPLOY_KEY": "hunter2-is-long"})
    bench.execute()
    shown = b"".join(chunk for _, chunk in bench.frontend.printed)
    assert (shown, bench.files["output/1.1.log"].content) == (b"key: [REDACTED:DEPLOY_KEY]\nrest",) * 2


def test_streams_are_told_apart_and_the_digest_is_of_what_was_kept(tmp_path: Path) -> None:
    launcher = ScriptedLauncher(prints=[("stdout", b"out"), ("stderr", b"err")])
    bench = Bench(ALLOWED_TEXT, tmp_path, launcher=launcher)
    bodies = bench.execute()
    shown = {
        name: b"".join(chunk for stream, chunk in bench.frontend.printed if stream == name)
        for name in STREAMS
    }
    assert (shown, bodies[-2]) == ({"stdout": b"out", "stderr": b"err"}, ended(bodies, size=6))


def test_each_attempt_has_a_file_of_its_own(tmp_path: Path) -> None:
    bench = Bench(ALLOWED_TEXT, tmp_path)
    bench.execute()
    bench.execute(number=2)
    assert list(bench.files) == ["output/1.1.log", "output/1.2.log"]


@pytest.mark.parametrize("status", [0, 1])
def test_what_a_step_hands_on_is_on_record_before_its_end_whatever_that_is(
    status: int, tmp_path: Path
) -> None:
    text = "- OUTPUTS\n  - Version\n  - Items\n  - Nothing\n\n" + ALLOWED_TEXT
    hands = {"Version": "1.2.3\n", "Items": "[1, 2]"}
    bodies = Bench(text, tmp_path, launcher=ScriptedLauncher([status], hands=hands)).execute()
    assert after_launch(bodies) == [
        OutputCaptured(position="1", name="Version", value='"1.2.3"'),
        OutputCaptured(position="1", name="Items", value="[1, 2]"),
        ended(bodies, replace(EXITED, status=status)),
        FAILED if status else PASSED,
    ]


def test_nothing_of_the_captured_files_stays_behind(tmp_path: Path) -> None:
    Bench("- OUTPUTS\n  - Version\n\n" + ALLOWED_TEXT, tmp_path).execute()
    assert list((tmp_path / "live").iterdir()) == []


# --- agents ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "status", "result", "detail"),
    [
        ("mock", b"RESULT: PASS\n", 0, "pass", ""),
        ("mock", b"RESULT: FAIL not today\n", 0, "fail", "not today"),
        ("mock", b"RESULT: PASS\n", 1, "fail", ""),
        ("mock", b"done, I think\n", 0, "fail", "the agent gave no RESULT line"),
        ("mock", b"RESULT: PASS\nRESULT: FAIL after all\n", 0, "fail", "after all"),
        ("command", b"", 0, "pass", ""),
        ("command", b"", 3, "fail", "the agent gave no RESULT line"),
        ("command", b"RESULT: FAIL no\n", 0, "fail", "no"),
    ],
)
def test_an_agents_word_and_its_process_must_both_say_pass(
    kind: str, said: bytes, status: int, result: str, detail: str, tmp_path: Path
) -> None:
    launcher = ScriptedLauncher([status], prints=[("stdout", said)])
    task = "git status" if kind == "command" else "Make the tests pass."
    ruleset = rules(flags=flags("--allow-run /usr/bin/*"))
    bench = Bench(f"```agent {kind}\n{task}\n```\n", tmp_path, launcher=launcher, ruleset=ruleset)
    assert bench.execute()[-2:] == [
        AgentReported(position="1", kind=kind, verdict=result, detail=detail),  # type: ignore[arg-type]
        StepFinished(step="1", result=result, reported_by="agent", note=detail),  # type: ignore[arg-type]
    ]


def test_an_agents_script_goes_the_way_of_every_command(tmp_path: Path) -> None:
    bench = Bench("```agent command\nrm -rf x\n```\n", tmp_path)
    bodies = bench.execute()
    assert (request_of(bodies).kind, kinds(bodies), bench.launcher.launched) == (
        "agent",
        ["DecisionMade", "RunPaused"],
        [],
    )


def test_an_agent_that_cannot_be_had_stops_before_anything_is_decided(tmp_path: Path) -> None:
    bench = Bench("```agent llm\nFix it.\n```\n", tmp_path)
    with pytest.raises(InvalidInputError, match="not-there-yet"):
        bench.execute()
    assert bench.launcher.launched == []
