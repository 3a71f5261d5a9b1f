"""An agent's step as far as it differs from a command's: what it is given, and how it is talked to."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from rundown.agents.launch import AgentLaunch, plan_agent
from rundown.agents.outputs import read_outputs
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.event import Body, OutputCaptured, RunPaused
from rundown.model.policy import Allowed
from rundown.model.runbook import AgentBody
from rundown.model.sandbox import ProcessResult, StageFailure
from rundown.sandbox.doors import Doors
from rundown.session.agent_run import AgentRun, Around, Job
from rundown.session.egress import free_route_port
from rundown.session.ports import OutputSink, Planned, Subject
from rundown.session.posting import Posting, Terms, open_posting
from rundown.session.talking import Talk
from rundown.session.tools import Attempt, Tools, recipient_of

_NO_WAY = (
    "this host has no network namespaces of the kind that a gateway needs: an agent in the sandbox could not "
    "reach its model (rundown doctor)"
)


class Engaged(Struct, frozen=True, kw_only=True):
    """An agent about to be launched. `allowed` is narrowed to what an agent's process may reach."""

    job: Job
    run: AgentRun
    allowed: Allowed
    posting: Posting

    def converse(
        self, tools: Tools, planned: Planned, show: OutputSink, doors: Doors
    ) -> Generator[Body, None, ProcessResult | StageFailure]:
        """Talks with the agent to its end, and yields all that comes of it."""
        request = self.job.request
        confined = self.allowed.envelope if planned.plan.tier != "none" else None

        def start(sink: OutputSink, stdin_fd: int) -> ProcessResult | StageFailure:
            return tools.launcher.launch(planned, sink, doors, stdin_fd=stdin_fd)

        transcript = tools.open_transcript(request.position, request.attempt)
        with tools.delegation.permissions(confined, tools.launcher.freeze) as permissions:
            around = Around(
                permissions=permissions,
                workspace=tools.shop.workspace,
                show=show,
                redaction=tools.redaction,
                transcript=transcript,
            )
            result = yield from self.run.go(around, Talk(start, tools.launcher.stop))
        return result

    def facts(self) -> Iterator[Body]:
        """Yields what the agent handed on, used and said, when its process and its connections are gone."""
        for name, value in self._values().items():
            yield OutputCaptured(position=self.job.request.position, name=name, value=json.dumps(value))
        yield from self.run.facts(self.posting)

    def _values(self) -> dict[str, object]:
        """With `output=json` they are those of its one object, which is taken apart from here."""
        wants_object = self.job.launch.parameters.get("output") == "json"
        return {} if wants_object else read_outputs(self.run.last_message, self.job.outputs)


def find_talker(tools: Tools, attempt: Attempt) -> AgentLaunch | None:
    """Returns the agent that is talked to in this unit, None for whatever is a script.

    Raises:
        InvalidInputError: it cannot be had on this machine, under this policy.
    """
    if not isinstance(attempt.unit.body, AgentBody):
        return None
    launch = plan_agent(attempt.unit.body, tools.shop.agent, tools.shop.own)
    if not isinstance(launch, AgentLaunch) or not launch.talks:
        return None
    if (problem := tools.delegation.crew.problem(launch)) is not None:
        raise InvalidInputError(problem)
    return launch


def plan_job(
    tools: Tools, attempt: Attempt, allowed: Allowed, who: tuple[AgentLaunch, Subject]
) -> Job | RunPaused:
    """Returns what is to be done, or why it cannot begin: no key for its model, or no way to it."""
    request = allowed.request
    launch, subject = who

    def header(name: str) -> str | None:
        found = tools.secrets.header(name, recipient_of(attempt))
        return found if isinstance(found, str) else None

    upstream = tools.delegation.crew.upstream(launch, header)
    if isinstance(upstream, Diagnostic):
        detail = f"{upstream.message}: {upstream.fix}"
        return RunPaused(reason="secret", position=attempt.position, detail=detail)
    if upstream is not None and not tools.launcher.walls(allowed).reaches:
        return RunPaused(reason="sandbox", position=attempt.position, detail=_NO_WAY)
    return Job(
        launch=launch,
        request=request,
        subject=replace(subject, title=f"{subject.title} ({launch.kind})".strip(), shown=""),
        root=tools.root,
        upstream=upstream,
        outputs=attempt.unit.outputs,
        failure=tools.failures.tail(),
        budget_usd=tools.delegation.crew.budget_usd(launch),
        strict=tools.delegation.crew.terms(launch.kind)[0] == "required",
    )


@contextmanager
def engage(tools: Tools, job: Job, decision: Allowed) -> Iterator[Engaged]:
    """Opens all that the agent is given, for as long as its attempt lasts.

    Raises:
        OSError: a private directory cannot be made.
    """
    run = AgentRun(job)
    # Its model is the one place that an agent reaches.
    allowed = replace(decision, envelope=replace(decision.envelope, net=()))
    terms = Terms(
        launch=job.launch,
        upstream=job.upstream,
        limits=run.gateway_limits(),
        exceeded=run.exceeded,
        root=tools.root,
        person_home=tools.home,
        walls=tools.launcher.walls(allowed),
        route_port=free_route_port(0),
    )
    with open_posting(tools.live_folder, terms) as posting:
        yield Engaged(job=job, run=run, allowed=allowed, posting=posting)
