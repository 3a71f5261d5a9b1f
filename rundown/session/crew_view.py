"""What a step of each agent is given besides what its rules allow, each line with its origin, for people."""

from collections.abc import Iterator

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from rundown.agents.kinds import KINDS
from rundown.agents.launch import AgentLaunch, furnish, plan_agent
from rundown.agents.place import AgentPlace
from rundown.egress.upstream import Upstream
from rundown.model.diagnostic import Diagnostic, Span
from rundown.model.runbook import AgentBody
from rundown.policy.toolchain import toolchain_trees
from rundown.session.crew import Crew, crew_of
from rundown.session.desk import Desk
from rundown.session.posting import INSIDE

_PRESET = "preset"
_HOME = "a HOME of its own, gone after the attempt"
_KEYLESS = "no key, no way out"


class AgentView(Struct, frozen=True, kw_only=True):
    """`origin`: the document that names the kind, or the preset. `program`: its real path, `reads`: what
    comes along to start it. `host`: the one that its gateway reaches, `host_origin`: what says so."""

    kind: str
    origin: str
    program: str
    per_call: str
    budget_usd: float | None
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    env: tuple[str, ...]
    host: str
    host_origin: str


def view_agents(desk: Desk) -> tuple[AgentView, ...]:
    """Returns the agents that a document names or this machine has."""
    crew = crew_of(desk, None)
    return tuple(view for kind in KINDS if (view := _view(desk, crew, kind)) is not None)


def agents_json(views: tuple[AgentView, ...]) -> list[dict[str, object]]:
    """Returns the same for programs."""
    return [to_builtins(view) for view in views]


def agents_lines(views: tuple[AgentView, ...]) -> Iterator[str]:
    """Yields the same for people; nothing without an agent."""
    if views:
        yield ""
        yield "agents' steps, besides what the rules say (their net rules do not count)"
    for view in views:
        budget = f", budget {view.budget_usd:g} USD" if view.budget_usd is not None else ""
        yield f"  {view.kind:8} {view.program}  per call {view.per_call}{budget}  {view.origin}"
        yield from (f"    read   {tree:44}  installation of {view.program}" for tree in view.reads)
        yield from (f"    write  {tree:44}  {_HOME}" for tree in view.writes)
        yield from (f"    env    {name:44}  {_PRESET}" for name in view.env)
        yield f"    net    {view.host:44}  {view.host_origin}"


def _view(desk: Desk, crew: Crew, kind: str) -> AgentView | None:
    launch = plan_agent(AgentBody(kind=kind, text="x", span=Span(file=kind, line=1)), own=crew.own)
    if not isinstance(launch, AgentLaunch) or not launch.talks:
        return None
    program = crew.find(launch.argv[0])
    if program is None and not crew.is_named(kind):
        return None
    per_call, origin = crew.terms(kind)
    host, said = _host(crew, launch)
    upstream = crew.upstream(launch, lambda name: None)
    api = upstream.api if isinstance(upstream, Upstream) else next(iter(launch.apis), None)
    place = AgentPlace(home=INSIDE, root=desk.project.root, api=api, gateway="http://127.0.0.1:PORT")
    furniture = furnish(launch, place)
    trees = toolchain_trees(program, desk.compiled.facts) if program is not None else ()
    return AgentView(
        kind=kind,
        origin=origin or _PRESET,
        program=program or f"{launch.argv[0]} (not installed)",
        per_call=per_call,
        budget_usd=crew.budget_usd(replace(launch, parameters={})),
        reads=tuple(trees),
        writes=(f"{INSIDE}/**",),
        env=tuple(sorted(furniture.variables)),
        host=host,
        host_origin=said,
    )


def _host(crew: Crew, launch: AgentLaunch) -> tuple[str, str]:
    found = crew.upstream(launch, lambda name: None)
    match found:
        case None:
            return "none", "policy names no `api`"
        case Diagnostic():
            return "none", f"{_KEYLESS}: {found.message}"
        case _:
            key = f"key of {found.secret}, outside" if found.secret else "no key"
            return f"{found.host}:{found.port}", f"through its gateway, {key}"
