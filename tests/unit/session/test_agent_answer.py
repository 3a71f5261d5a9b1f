"""Steps with `output=json`: one object is the answer, and an agent without one has failed."""

import json
from pathlib import Path

import pytest

from rundown.model.event import AgentReported, ArtifactStored, OutputCaptured
from tests.support.bench import Bench
from tests.support.delegates import Peer, bench, of
from tests.support.fakes import ScriptedPrompter

ASKED = "- OUTPUTS\n  - A\n\n```agent claude output=json\nFind it.\n```\n"


def answers(made: Bench) -> list[str]:
    return [file.content.decode() for file in made.files.values() if "1.answer" in file.name]


def verdict(made: Bench) -> tuple[str, str]:
    (found,) = of(made.execute(), AgentReported)
    return found.verdict, found.detail


def test_the_last_object_is_kept_and_the_values_are_its(tmp_path: Path) -> None:
    peer = Peer(says='{"A": 1} {"A": {"b": "ü\\ud800"}, "C": 2}\nRESULT: PASS')
    made = bench(peer, tmp_path, ScriptedPrompter(present=False), ASKED)
    bodies = made.execute()
    assert of(bodies, AgentReported)[0].verdict == "pass"
    assert [item.value for item in of(bodies, OutputCaptured)] == [json.dumps({"b": "ü\ud800"})]
    assert [item.title for item in of(bodies, ArtifactStored)][-1] == "answer of the agent"
    (kept,) = answers(made)
    assert json.loads(kept) == {"A": {"b": "ü\ud800"}, "C": 2} and "ü\\ud800" in kept
    assert "Give your answer as one JSON object" in peer.task


def test_no_object_is_a_failure_with_that_reason(tmp_path: Path) -> None:
    made = bench(Peer(says="[1]\nRESULT: PASS"), tmp_path, ScriptedPrompter(present=False), ASKED)
    assert verdict(made) == ("fail", "output=json: there is no JSON object in the agent's last message")
    assert answers(made) == []


def test_an_agent_that_says_that_it_failed_is_believed_without_an_object(tmp_path: Path) -> None:
    made = bench(Peer(says="RESULT: FAIL no time"), tmp_path, ScriptedPrompter(present=False), ASKED)
    assert verdict(made) == ("fail", "no time")


def test_what_is_kept_holds_no_secret(tmp_path: Path) -> None:
    peer = Peer(says='{"A": "tok-0123456789abcdef"}\nRESULT: PASS')
    prompter = ScriptedPrompter(present=False)
    made = bench(peer, tmp_path, prompter, ASKED, secrets={"TOKEN": "tok-0123456789abcdef"})
    made.execute()
    (kept,) = answers(made)
    assert "tok-0123456789abcdef" not in kept and json.loads(kept)["A"].startswith("[REDACTED")


@pytest.mark.parametrize("options", ["", "output=text"])
def test_text_is_the_default(tmp_path: Path, options: str) -> None:
    task = f"```agent claude {options}\nFind it.\n```\n"
    made = bench(Peer(), tmp_path, ScriptedPrompter(present=False), task)
    assert (verdict(made), answers(made)) == (("pass", ""), [])
