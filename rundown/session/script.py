"""What a command or an agent's task runs: its text with the values filled in, and the request it becomes.

The one way from a runbook's block to a request, for steps that run and for those that are only foreseen.
"""

from msgspec import Struct
from msgspec.structs import replace

from rundown.agents.launch import AgentLaunch, OwnProgram, plan_agent
from rundown.model.diagnostic import Diagnostic
from rundown.model.request import ExecutionRequest
from rundown.model.runbook import AgentBody, Body, CommandBody, ShellOptions
from rundown.session.ports import Workspace
from rundown.session.request import Place, freeze_agent, freeze_command, freeze_talker
from rundown.session.texts import BoundText, Texts


class Shop(Struct, frozen=True, kw_only=True):
    """What a request is made with: the runbook's shell options, the host's facts, who does agent steps that
    name no kind, and which program `acp` is."""

    shell: ShellOptions
    workspace: Workspace
    agent: str | None = None
    own: OwnProgram = OwnProgram()


def fill_in(body: Body | None, texts: Texts, shop: Shop) -> BoundText | Diagnostic:
    """Returns the script of a command or an agent's task, or why this agent cannot be had."""
    match body:
        case CommandBody():
            return texts.bind(body.text, body.language)
        case AgentBody():
            filled = texts.task(body.text)
            if filled.problem:
                return filled
            launch = plan_agent(replace(body, text=filled.text), shop.agent, shop.own)
            if isinstance(launch, Diagnostic):
                return launch
            return BoundText(text=filled.text if launch.talks else launch.script)
        case _:
            raise AssertionError("commands and agents' tasks only")


def freeze_script(place: Place, body: Body | None, script: BoundText, shop: Shop) -> ExecutionRequest:
    """Returns the request that the script becomes; the digests of its values are the caller's to add."""
    if isinstance(body, AgentBody):
        launch = plan_agent(body, shop.agent, shop.own)
        if isinstance(launch, AgentLaunch) and launch.talks:
            return freeze_talker(place, launch.argv, replace(body, text=script.text), shop.workspace)
        return freeze_agent(place, script.text, body, shop.workspace)
    assert isinstance(body, CommandBody)
    undashed = frozenset(name for name, value in script.values if not value.startswith("-"))
    filled = replace(body, text=script.text)
    request = freeze_command(place, filled, shop.shell, shop.workspace, undashed)
    return replace(request, references=script.references)
