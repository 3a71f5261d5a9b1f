"""A project whose agents are the peer of `agent_peer.py`, and a model with a script behind their gateway."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.support.models import ScriptedModel
from tests.support.ordinary import settle_in
from tests.support.project import bare_environment, commit_all, rundown
from tests.support.sources import ROOT

KEY = "sk-ant-this-is-the-real-key-9f8e7d6c5b4a"
WRITES = """version: 1
default: {write: {allow: ["{repo}/**"]}}
agents: {claude: {}, acp: {per_call: best-effort, command: [peer, --acp]}}
"""


def agent_project(place: Path, policy: str = WRITES) -> Path:
    """Returns a checkout, with the peer installed beside it as `claude`."""
    place.mkdir(parents=True)
    (place / "README.md").write_text("# A project\n")
    commit_all(place, "Start")
    tools = place.parent / "bin"
    tools.mkdir(exist_ok=True)
    for name in ("claude", "peer"):
        shutil.copy(ROOT / "tests/support/agent_peer.py", tools / name)
        (tools / name).chmod(0o755)
    (place.parent / "policy.yaml").write_text(policy)
    return place


def book(*deeds: str, kind: str = "claude", options: str = "", lines: str = "") -> str:
    """Returns a runbook with one step that does the deeds; `lines`: further ones of the step."""
    done = deeds if any(deed.startswith("say RESULT") for deed in deeds) else (*deeds, "say RESULT: PASS")
    block = "\n".join(("BEGIN", *done, "END"))
    return f"# Try\n\n## 1. Let it do that\n\n{lines}```agent {kind} {options}\n{block}\n```\n"


def surroundings(place: Path, model: ScriptedModel | None, extra: Mapping[str, str] = {}) -> dict[str, str]:
    """Returns the environment of a rundown that holds the real key."""
    path = bare_environment(place)["PATH"]
    own = {"PATH": f"{place.parent / 'bin'}{os.pathsep}{path}", "ANTHROPIC_API_KEY": KEY}
    if model is not None:
        own["ANTHROPIC_BASE_URL"] = model.url
    return {**own, **extra}


def run_agent(place: Path, text: str, *words: str, model: ScriptedModel | None = None, **extra: str):
    """Runs a runbook non-interactively under the project's policy, as who owns its folder; returns the ended
    process."""
    (place / "try.runbook.md").write_text(text)
    policy = ("--policy", str(place.parent / "policy.yaml"))
    environment = surroundings(place, model, extra)
    return rundown(
        place,
        "run",
        "try.runbook.md",
        "--non-interactive",
        *policy,
        *words,
        environment=environment,
        user=settle_in(place.parent),
    )
