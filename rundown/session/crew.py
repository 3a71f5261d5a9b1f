"""The agents that this policy and this machine know: which may be started, on what terms, with which model.

The real key of a model is read here, from a secret that policy releases as a header or from rundown's own
environment, and goes to the gateway and nowhere else.
"""

import importlib.util
from collections.abc import Callable, Mapping

from msgspec import UNSET, Struct
from msgspec.structs import replace

from rundown.agents.kinds import KINDS, Api
from rundown.agents.launch import AgentLaunch, OwnProgram, plan_agent
from rundown.egress.model_api import APIS
from rundown.egress.outer_proxy import read_outer_proxies
from rundown.egress.upstream import BadUpstreamError, Upstream, parse_base
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.policy import Grant
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.runbook import AgentBody, Runbook
from rundown.policy.document import Decoded
from rundown.policy.form import Agent, OwnAgent
from rundown.session.desk import Desk
from rundown.session.request import AGENT_PROGRAM, FENCE_PROGRAM

_Also = tuple[tuple[str, str], ...]


class Crew(Struct, frozen=True, kw_only=True):
    """`environ`: rundown's own. `documents`: most specific first. `chosen`: the kind that the person named.
    `find` gives the real path of an executable."""

    environ: Mapping[str, str] = {}
    documents: tuple[Decoded, ...] = ()
    chosen: str | None = None
    find: Callable[[str], str | None] = lambda name: None

    @property
    def default(self) -> str | None:
        """The kind that policy names for steps that name none."""
        kinds = (document.document.agents.default for document in self.documents)
        return next((kind for kind in kinds if kind is not UNSET), None)

    @property
    def own(self) -> OwnProgram:
        """The program that policy says `acp` is; each setting from the most specific document that has it."""
        found = [item for item in self._settings("acp") if isinstance(item, OwnAgent)]
        argv = next((item.command for item in found if item.command is not UNSET), ())
        return OwnProgram(argv=argv, api=next((item.api for item in found if item.api is not UNSET), ""))

    def is_named(self, kind: str) -> bool:
        """Whether a person or a document names this kind: then starting it needs no further question."""
        return kind in (self.chosen, self.default) or any(self._settings(kind))

    def program_grants(self, request: ExecutionRequest) -> tuple[Grant, ...]:
        """Returns what lets the program of an agent start that a person or a document named; nothing for the
        request of a command. `acp` is no program by itself: named are the words that a document gives,
        and no others that a runbook gives, be it of a program that is named as another kind."""
        named = {KINDS[kind].executable for kind in KINDS if self.is_named(kind)} - {""}
        return tuple(
            Grant(
                capability=Capability.RUN,
                pattern=item.resource,
                resolved=item.resolved,
                argv=tuple(word for word in item.argv if word is not None),
            )
            for item in request.operations
            if request.kind == "agent"
            and item.note in (AGENT_PROGRAM, FENCE_PROGRAM)
            and item.resolved is not None
            if (item.resource in named and item.note == AGENT_PROGRAM)
            or (item.argv and item.argv == self.own.argv)
        )

    def budget_usd(self, launch: AgentLaunch) -> float | None:
        """The smaller of the fence's budget and the policy's."""
        own = launch.parameters.get("budget-usd")
        found = [item.budget_usd for item in self._settings(launch.kind) if item.budget_usd is not UNSET]
        budgets = [float(own)] if own else []
        return min([*budgets, *found[:1]], default=None)

    def problems(self, runbook: Runbook, default: str | None) -> tuple[Diagnostic, ...]:
        """Returns why agents of a runbook cannot be had, one for each step; first the one that was named."""
        if default is not None and default not in KINDS:
            span = Span(file="<command line>", line=1, excerpt=f"--agent {default}")
            named = plan_agent(AgentBody(kind=default, text="", span=span), own=self.own)
            return (named,) if isinstance(named, Diagnostic) else ()
        plans = [
            plan_agent(body, default, self.own)
            for body in runbook.bodies()
            if isinstance(body, AgentBody) and (body.kind or default)
        ]
        found = (item if isinstance(item, Diagnostic) else self.problem(item) for item in plans)
        return tuple(dict.fromkeys(item for item in found if item is not None))

    def problem(self, launch: AgentLaunch) -> Diagnostic | None:
        """Returns why this agent is not started on this machine, under this policy."""
        kind = KINDS[launch.kind]
        if not launch.talks:
            return None
        if not kind.caps.sees_every_call and self._per_call(launch.kind) == "required":
            return Diagnostic(
                code="agents/per-call",
                message=f"the agent `{kind.name}` does not ask before each call",
                why="policy wants every call decided (`per_call: required`, the default), and its adapter "
                "sees only those that the agent asks about; the sandbox holds the others",
                fix=f"agents: {{{kind.name}: {{per_call: best-effort}}}} in a policy, if that is enough",
            )
        if kind.protocol == "acp" and importlib.util.find_spec("acp") is None:
            return Diagnostic(
                code="agents/no-library",
                message=f"the agent `{kind.name}` needs a library that is not installed",
                why="agents of the Agent Client Protocol are an extra of rundown",
                fix="pip install 'rundown-cli[agents]'",
            )
        if self.find(launch.argv[0]) is None:
            return Diagnostic(
                code="agents/not-installed",
                message=f"the agent's program `{launch.argv[0]}` is not to be found",
                why="it is on no directory of the PATH",
                fix="install it; docs/agents.md says how",
            )
        return None

    def upstream(
        self, launch: AgentLaunch, header: Callable[[str], str | None]
    ) -> Upstream | Diagnostic | None:
        """Returns the model's host with its credential; None for an agent that names no API. `header` gives
        a secret that policy releases as one."""
        for api in launch.apis:
            found = self._upstream(api, header)
            if found is not None:
                return found
        if not launch.apis:
            return None
        names = " or ".join(_CREDENTIALS[api][0][0] for api in launch.apis)
        return Diagnostic(
            code="agents/no-credential",
            message=f"there is no key for the model of `{launch.kind}`",
            why=f"neither a secret released as a header nor the environment has {names}",
            fix=f"set {names.split()[0]} where rundown starts; it does not enter the sandbox",
        )

    def _upstream(self, api: Api, header: Callable[[str], str | None]) -> Upstream | Diagnostic | None:
        base = self.environ.get(_BASES[api], "")
        for name, field, scheme, also in _CREDENTIALS[api]:
            value = (header(name) or self.environ.get(name, "")).strip()
            if value:
                return self._place(api, base, ((field, scheme + value), name, also))
        return self._place(api, base, (None, "", ())) if base else None

    def _place(
        self, api: Api, base: str, credential: tuple[tuple[str, str] | None, str, _Also]
    ) -> Upstream | Diagnostic:
        found = _place(api, base, credential)
        if isinstance(found, Diagnostic):
            return found
        return replace(found, proxies=read_outer_proxies(self.environ))

    def _per_call(self, kind: str) -> str:
        settings = self._settings(kind)
        return settings[0].per_call if settings else "required"

    def terms(self, kind: str) -> tuple[str, str]:
        """Returns whether each call must be decided, and the document that names this kind, "" for none."""
        named = (item for item in self.documents if getattr(item.document.agents, kind, UNSET) is not UNSET)
        found = next(named, None)
        span = found.spans.get("agents") if found is not None else None
        return self._per_call(kind), f"{span.file}:{span.line}" if span else (found.file if found else "")

    def _settings(self, kind: str) -> tuple[Agent, ...]:
        found = (getattr(document.document.agents, kind, UNSET) for document in self.documents)
        return tuple(item for item in found if isinstance(item, Agent))


_BASES: dict[Api, str] = {
    "anthropic": "ANTHROPIC_BASE_URL",
    "openai": "OPENAI_BASE_URL",
    "gemini": "GOOGLE_GEMINI_BASE_URL",
}
# Variable, header, what stands before the key, further headers. Source: the APIs' own documentation.
_CREDENTIALS: dict[Api, tuple[tuple[str, str, str, _Also], ...]] = {
    "anthropic": (
        ("ANTHROPIC_API_KEY", "x-api-key", "", ()),
        ("ANTHROPIC_AUTH_TOKEN", "authorization", "Bearer ", ()),
        ("CLAUDE_CODE_OAUTH_TOKEN", "authorization", "Bearer ", (("anthropic-beta", "oauth-2025-04-20"),)),
    ),
    "openai": (
        ("OPENAI_API_KEY", "authorization", "Bearer ", ()),
        ("CODEX_API_KEY", "authorization", "Bearer ", ()),
    ),
    "gemini": (
        ("GEMINI_API_KEY", "x-goog-api-key", "", ()),
        ("GOOGLE_API_KEY", "x-goog-api-key", "", ()),
    ),
}


def _place(
    api: Api, base: str, credential: tuple[tuple[str, str] | None, str, _Also]
) -> Upstream | Diagnostic:
    try:
        host, port, tls, path = parse_base(base) if base else (APIS[api].host, 443, True, "")
    except BadUpstreamError as error:
        return Diagnostic(
            code="agents/bad-base-url",
            message=f"{_BASES[api]} names no place for a key",
            why=str(error),
            fix="correct it, or unset it for the model's own host",
        )
    own, name, also = credential
    return Upstream(
        api=api,
        host=host,
        port=port,
        tls=tls,
        base=path.removesuffix("/v1"),
        credential=own,
        secret=name,
        also=also,
    )


def crew_of(desk: Desk, chosen: str | None) -> Crew:
    """Returns the crew of a project; `chosen`: the kind that a person named."""
    return Crew(
        environ=desk.around.environ,
        documents=desk.loaded.decoded,
        chosen=chosen,
        find=desk.find_executable,
    )
