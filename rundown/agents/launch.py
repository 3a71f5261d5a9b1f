"""What an agent step starts: `plan_agent` says which program or script, `furnish` what it finds around it.

`mock` and `command` are one governed script, which goes the way of every command step. The others are
programs that are talked to while they run. Kinds without an adapter are refused by name; a run with such a
step does not start (exit 2).
"""

import shlex
from collections.abc import Mapping

from msgspec import Struct

from rundown.agents.acp_launch import acp_environment, acp_files
from rundown.agents.claude import claude_argv, claude_environment
from rundown.agents.codex_launch import codex_argv, codex_environment, codex_files
from rundown.agents.kinds import KINDS, Api, Kind
from rundown.agents.mock import mock_script
from rundown.agents.place import AgentPlace, Furniture
from rundown.model.diagnostic import Diagnostic
from rundown.model.runbook import AgentBody

NO_COMMAND = "agents/no-command"
"""The code of an `acp` step whose program nobody names; a policy may."""


class AgentLaunch(Struct, frozen=True, kw_only=True):
    """`script` is sh text, "" for a program that is talked to: then `argv`, its first word to be looked up on
    the PATH. `parameters`: those of the fence. `apis`: the model APIs it can use, best first."""

    kind: str
    script: str = ""
    argv: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    apis: tuple[Api, ...] = ()

    @property
    def talks(self) -> bool:
        """Whether it is a program that is talked to."""
        return bool(self.argv)


class OwnProgram(Struct, frozen=True, kw_only=True):
    """The agent that a policy says `acp` is, where the fence does not: its words and its model API."""

    argv: tuple[str, ...] = ()
    api: str = ""


def plan_agent(
    body: AgentBody,
    default_kind: str | None = None,
    own: OwnProgram = OwnProgram(),  # noqa: B008 - it holds nothing
) -> AgentLaunch | Diagnostic:
    """Returns what to start, or why this agent cannot be had."""
    name = body.kind or default_kind
    if name is None:
        return Diagnostic(
            code="agents/no-kind",
            message="this agent step does not say which agent does it",
            span=body.span,
            why="neither the fence, nor front matter `agent:`, nor --agent, nor a policy names a kind",
            fix=f"write ```agent KIND with one of: {', '.join(KINDS)}",
        )
    kind = KINDS.get(name)
    if kind is None:
        return _not_there(name, body)
    words = dict(body.parameters)
    unknown = sorted(set(words) - kind.parameters) if kind.name == "mock" else ()
    if unknown:
        return _unknown_parameter(kind, unknown[0], body)
    if kind.protocol == "script":
        script = body.text if kind.name == "command" else mock_script(body.text, words)
        return AgentLaunch(kind=kind.name, script=script)
    if kind.name == "acp" and own.api:
        words.setdefault("api", own.api)
    argv = _argv(kind, words, own)
    if argv is None:
        return Diagnostic(
            code="agents/no-command",
            message="an `acp` step does not say which program the agent is",
            span=body.span,
            why="neither a policy nor the fence's `command=` names one",
            fix="agents: {acp: {command: [my-agent, --acp]}} in a policy, or one of gemini, opencode, goose",
        )
    return AgentLaunch(kind=kind.name, argv=argv, parameters=words, apis=_apis(kind, words))


def furnish(launch: AgentLaunch, place: AgentPlace) -> Furniture:
    """Returns the variables and the files of its private HOME. No credential but a dummy is among them."""
    base: dict[str, str] = {"HOME": place.home, "XDG_CONFIG_HOME": f"{place.home}/.config"}
    base |= {"XDG_DATA_HOME": f"{place.home}/.local/share", "XDG_STATE_HOME": f"{place.home}/.local/state"}
    base |= _model_variables(place)
    match KINDS[launch.kind].protocol:
        case "claude":
            return Furniture(variables={**base, **claude_environment(place.home)})
        case "codex":
            variables = {**base, **codex_environment(place)}
            return Furniture(variables=variables, files=codex_files(launch.parameters, place))
        case _:
            variables = {**base, **acp_environment(launch.kind, launch.parameters, place)}
            return Furniture(variables=variables, files=acp_files(launch.kind, launch.parameters, place))


def _model_variables(place: AgentPlace) -> dict[str, str]:
    """Where the model is, for every client library of that API. Source: the libraries' documentation."""
    match place.api:
        case "anthropic":
            return {"ANTHROPIC_BASE_URL": place.gateway, "ANTHROPIC_API_KEY": place.key}
        case "openai":
            return {"OPENAI_BASE_URL": f"{place.gateway}/v1", "OPENAI_API_KEY": place.key}
        case "gemini":
            return {"GOOGLE_GEMINI_BASE_URL": place.gateway, "GEMINI_API_KEY": place.key}
        case None:
            return {}


def _argv(kind: Kind, words: Mapping[str, str], own: OwnProgram) -> tuple[str, ...] | None:
    match kind.protocol:
        case "claude":
            return claude_argv(kind.executable, dict(words))
        case "codex":
            return codex_argv(kind.executable)
        case _ if kind.executable:
            return (kind.executable, *kind.arguments)
        case _ if "command" not in words:
            return own.argv or None
        case _:
            try:
                return tuple(shlex.split(words["command"])) or None
            except ValueError:
                return None


def _apis(kind: Kind, words: Mapping[str, str]) -> tuple[Api, ...]:
    named = words.get("api", "")
    if named in ("anthropic", "openai", "gemini"):
        return (named,)  # type: ignore[return-value]  # one of the literals, by the line above
    family = words.get("model", "").partition("/")[0]
    return tuple(sorted(kind.apis, key=lambda api: api != family))


def _not_there(name: str, body: AgentBody) -> Diagnostic:
    return Diagnostic(
        code="agents/not-there-yet",
        message=f"agent kind `{name}` is not there yet",
        span=body.span,
        why="this version runs the kinds " + ", ".join(KINDS) + "; the run does not start (exit 2)",
        fix=f"use one of them, or `rundown run --prompted` and do step work of `{name}` yourself",
    )


def _unknown_parameter(kind: Kind, word: str, body: AgentBody) -> Diagnostic:
    return Diagnostic(
        code="agents/unknown-parameter",
        message=f"the {kind.name} agent does not know `{word}=`",
        span=body.span,
        why="it takes: " + ", ".join(f"{item}=" for item in sorted(kind.parameters)),
        fix=f"remove `{word}=` from the fence",
    )
