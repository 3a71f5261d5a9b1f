"""An agent's calls on the bench: what a person is asked, what is remembered, what reaches the agent."""

import json
from pathlib import Path

from rundown.agents.kinds import KINDS
from rundown.model.event import (
    AgentReported,
    ArtifactStored,
    DecisionMade,
    QuestionAsked,
    RunPaused,
    StepFinished,
)
from rundown.model.policy import Grant
from rundown.model.request import Capability
from rundown.session.crew import Crew
from rundown.session.ports import Answer, Choice, Question, Report
from rundown.session.posting import Walls
from tests.support.delegates import CREW, KEY, Peer, bench, of
from tests.support.fakes import ScriptedPrompter, TalkingLauncher

ONCE, DENY = Answer(choice=Choice.ONCE), Answer(choice=Choice.DENY)


def test_a_call_is_asked_with_the_agents_words_marked_as_its_own_and_an_edit_with_its_diff(
    tmp_path: Path,
) -> None:
    (tmp_path / "asked").mkdir()
    (tmp_path / "asked/a.txt").write_text("one\ntwo\n")
    edit = {"file_path": "asked/a.txt", "old_string": "two", "new_string": "three"}
    peer = Peer(("Bash", {"command": "deploy-tool", "description": "harmless"}), ("Edit", edit))
    prompter = ScriptedPrompter([(ONCE,), (DENY,)])
    made = bench(peer, tmp_path, prompter)
    bodies = made.execute()
    assert made.launcher.freezes == [True, False, True, False]  # it stands still while a person is asked
    first, second = prompter.questions
    assert (first.claim, first.request.text, first.diff) == ("harmless", "deploy-tool", "")
    assert second.diff == "--- asked/a.txt\n+++ asked/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"
    assert [answer["behavior"] for answer in peer.answers] == ["allow", "deny"]
    assert of(bodies, StepFinished) == [StepFinished(step="1", result="pass", reported_by="agent")]
    assert len(of(bodies, ArtifactStored)) == 1


def test_nobody_is_asked_for_what_a_rule_settles_and_without_a_person_asks_are_denied(tmp_path: Path) -> None:
    calls = (
        ("Bash", {"command": "git status"}),
        ("Bash", {"command": "rm -rf x"}),
        ("Bash", {"command": "deploy-tool"}),
        ("Write", {"file_path": "dist/a", "content": "x"}),
        ("Read", {"file_path": "/etc/shadow"}),
        ("Whatever", {}),
    )
    peer, prompter = Peer(*calls), ScriptedPrompter(present=False)
    bodies = bench(peer, tmp_path, prompter).execute()
    assert [answer["behavior"] for answer in peer.answers] == [
        "allow",
        "deny",
        "deny",
        "allow",
        "deny",
        "deny",
    ]
    assert prompter.questions == []
    assert peer.answers[1]["message"].startswith("refused by policy: run rm (")
    asked = [body.answered_by for body in of(bodies, QuestionAsked)]
    assert set(asked) == {"non-interactive"}


def test_a_grant_for_the_session_answers_the_agent_and_not_the_steps(tmp_path: Path) -> None:
    peer = Peer(*[("Bash", {"command": "deploy-tool"})] * 2)
    prompter = ScriptedPrompter([(Answer(choice=Choice.SESSION),)])
    made = bench(peer, tmp_path, prompter)
    made.execute()
    assert ([answer["behavior"] for answer in peer.answers], len(prompter.questions)) == (["allow"] * 2, 1)
    assert made.tools.permissions.grants == ()


def test_what_command_steps_were_granted_answers_an_agent_only_if_the_person_says_so(tmp_path: Path) -> None:
    granted = Grant(capability=Capability.RUN, pattern="deploy-tool", resolved="/usr/bin/deploy-tool")
    for shares, behaviour in ((False, "deny"), (True, "allow")):
        peer = Peer(("Bash", {"command": "deploy-tool"}))
        made = bench(peer, tmp_path, ScriptedPrompter(confirms=[shares]))
        made.tools.permissions.grants = (granted,)
        made.execute()
        assert [answer["behavior"] for answer in peer.answers] == [behaviour]


def test_every_call_is_on_record_before_it_is_answered(tmp_path: Path) -> None:
    peer = Peer(("Bash", {"command": "git status"}))
    made = bench(peer, tmp_path, ScriptedPrompter(present=False))
    seen: list[int] = []
    attempt = iter(made.execute_slowly())
    for body in attempt:
        if isinstance(body, DecisionMade) and body.frozen and body.frozen.text == "git status":
            seen.append(len(peer.answers))
    assert (seen, len(peer.answers)) == ([0], 1)


def test_without_a_verdict_a_person_is_asked(tmp_path: Path) -> None:
    prompter = ScriptedPrompter(reports=[Report(kind="pass", note="looks fine")])
    bodies = bench(Peer(says="done"), tmp_path, prompter).execute()
    assert of(bodies, AgentReported) == [
        AgentReported(position="1", kind="claude", verdict="pass", detail="looks fine")
    ]


def test_no_key_is_among_what_an_agent_is_given(tmp_path: Path) -> None:
    peer = Peer()
    made = bench(peer, tmp_path, ScriptedPrompter(present=False))
    made.execute()
    launcher = made.launcher
    assert isinstance(launcher, TalkingLauncher)
    (posting,) = launcher.postings
    given = json.dumps([posting.variables, launcher.files, peer.task, launcher.launched[0].argv])
    shown = posting.variables["ANTHROPIC_API_KEY"]
    assert (KEY not in given, len(shown), shown.startswith("rundown-")) == (True, 40, True)
    assert not posting.home.exists()


def test_a_kind_promises_what_its_adapter_can_keep() -> None:
    assert {name for name, kind in KINDS.items() if kind.caps.sees_every_call} == {
        "mock",
        "command",
        "claude",
        "opencode",
        "codex",
        "gemini",
    }
    assert all(kind.caps.fails_closed for kind in KINDS.values())


def test_edits_below_a_tree_can_be_allowed_at_once(tmp_path: Path) -> None:
    peer = Peer(*[("Write", {"file_path": f"asked/{name}", "content": "x"}) for name in "ab"])
    answer = Answer(choice=Choice.SESSION, pattern=f"{tmp_path}/asked/**")
    prompter = ScriptedPrompter([(answer,)])
    bench(peer, tmp_path, prompter).execute()
    assert [item["behavior"] for item in peer.answers] == ["allow", "allow"]
    assert [type(question) for question in prompter.questions] == [Question]


def test_an_agent_that_could_not_reach_its_model_is_not_begun(tmp_path: Path) -> None:
    made = bench(Peer(), tmp_path, ScriptedPrompter(present=False), walls=Walls(reaches=False))
    last = made.execute()[-1]
    assert isinstance(last, RunPaused) and last.reason == "sandbox"
    assert made.launcher.launched == []


def test_a_missing_key_pauses_the_run_before_anything_starts(tmp_path: Path) -> None:
    keyless = Crew(find=CREW.find, chosen="claude")
    made = bench(Peer(), tmp_path, ScriptedPrompter(present=False), crew=keyless)
    last = made.execute()[-1]
    assert isinstance(last, RunPaused) and (last.reason, made.launcher.launched) == ("secret", [])
