"""Joins a step's network to policy, person and record: what egress asks is answered here.

Nothing here decides: the evaluator does, for each connection anew, with the grants that are in force then.
"""

import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from rundown.egress.gate import Report, Verdict
from rundown.egress.proxy_request import proxy_login
from rundown.egress.route import Route
from rundown.egress.server import Egress, Opened
from rundown.model.event import Body, EgressAllowed, EgressBlocked
from rundown.model.policy import Decision, Envelope, Grant, LayerKind, Outcome, Rule, Ruling
from rundown.model.request import Capability, ExecutionRequest, Operation
from rundown.model.sandbox import StepNetwork
from rundown.policy.host import Endpoint, NotAHost, normalise_host, split_port
from rundown.sandbox.doors import Door
from rundown.session.permissions import Permissions
from rundown.session.ports import HostQuestion, Prompter, Subject
from rundown.session.request import Place, freeze_nothing

_USUAL: Final = (22, 80, 443, 3306, 5432, 6379, 6443, 8080, 8443, 9200, 9418, 27017)
"""Ports at which a connection is looked at although no rule names them. Source: IANA's registry of service
names, and what the databases and cluster tools of these numbers listen on."""

_MOST_PORTS: Final = 512
_FIRST_ROUTE: Final = 47600
_OPEN_HOST: Final = {"net", "unconfined"}
_OWN_LOOPBACK: Final = ("127.0.0.1", 0)
_BACKLOG: Final = 4096
_NO_HOST: Final = ("rundown.invalid", 443)
"""What no rule is about but one on everything. Source: RFC 6761 §6.4."""
_FINAL: Final = (LayerKind.SYSTEM, LayerKind.FLAG)
_HOSTS: Final = Path("/etc/hosts")


class Judge(Protocol):
    """Decides one request under the grants in force."""

    def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]) -> Decision:
        """Returns the decision."""
        ...


class Networks(Struct, frozen=True, kw_only=True):
    """Opens the networks of a run's steps. `note` puts a fact on record, from any thread. `proxied`: this
    host gives steps no network of their own, and can hold them to a proxy; `keep_secret` takes a name and a
    value that must not be shown."""

    egress: Egress
    judge: Judge
    permissions: Permissions
    prompter: Prompter
    note: Callable[[Body], None]
    proxied: bool = False
    keep_secret: Callable[[str, str], None] = lambda name, value: None

    def open(
        self,
        request: ExecutionRequest,
        envelope: Envelope,
        subject: Subject,
        routes: tuple[Route, ...] = (),
        *,
        closed: str = "",
    ) -> "StepNetworking":
        """Returns the network of one step, which has to be closed when the step has ended. `closed`: why
        nothing but its routes answers it, whatever the rules say; "" if the rules decide."""
        gate = _StepGate(self, request, subject, closed)
        network = StepNetworking(self.egress, gate, plan_network(envelope, routes), routes)
        if self.proxied and not _OPEN_HOST & set(envelope.host) and gate.lets_anything_through(envelope):
            login = network.offer_proxy()
            self.keep_secret(f"proxy login of {request.position}", login)
        return network


class StepNetworking:
    """One step's network: what of it is planned, and who serves it. Its thread starts with the step.
    `variables`: what its programs are told of it."""

    def __init__(
        self, egress: Egress, gate: "_StepGate", plan: StepNetwork, routes: tuple[Route, ...]
    ) -> None:
        self._egress, self._gate, self._routes = egress, gate, routes
        self._opened: Opened | None = None
        self.plan = plan
        self.variables: dict[str, str] = {}

    def offer_proxy(self) -> str:
        """Listens on the host's own loopback, which others use as well; returns what its clients must show.

        Comes before the step is planned, which may connect to that port alone.
        """
        token = secrets.token_hex(16)
        login = proxy_login(token)
        self._opened = self._egress.open(self._gate, self._routes, login)
        sock = socket.create_server(_OWN_LOOPBACK, backlog=_BACKLOG)
        sock.setblocking(False)
        port = int(sock.getsockname()[1])
        self._opened.add("proxy", _OWN_LOOPBACK[0], port, sock)
        self.plan = replace(self.plan, host_ports=(port,))
        self.variables = proxy_variables(f"http://{login}@{_OWN_LOOPBACK[0]}:{port}")
        return token

    def serve(self, doors: Iterable[Door]) -> None:
        """Takes the sockets of the step's network over. The one that sees attempts comes last: it tells of
        those for which there is no other."""
        if self._opened is None:
            self._opened = self._egress.open(self._gate, self._routes)
        for door in sorted(doors, key=lambda door: door.kind == "attempts"):
            self._opened.add(door.kind, door.address, door.port, door.sock)

    def close(self) -> None:
        """Returns when every connection has ended and is on record; more than once is fine."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


def plan_network(envelope: Envelope, routes: tuple[Route, ...] = ()) -> StepNetwork:
    """Returns where rundown listens for a step: the ports of its rules, the usual ones, its routes."""
    ports, loopback = set(_USUAL), {("127.0.0.1", route.port) for route in routes}
    for rule in envelope.net:
        host, port = split_port(rule.pattern)
        if rule.verdict is Outcome.DENY or not str(port).isdigit():
            continue
        ports.add(int(str(port)))
        loopback |= {(address, int(str(port))) for address in _loopback_addresses(host)}
    return StepNetwork(ports=tuple(sorted(ports)[:_MOST_PORTS]), loopback=tuple(sorted(loopback)))


def proxy_variables(address: str) -> dict[str, str]:
    """Returns what tells programs to go by a proxy, and by nothing else.

    Source: curl(1), "ENVIRONMENT"; Python's urllib.request; Node's NODE_USE_ENV_PROXY (from 22.21 and 24 on).
    """
    names = ("http_proxy", "https_proxy", "all_proxy")
    both = {name: address for lower in names for name in (lower, lower.upper())}
    return {**both, "no_proxy": "", "NO_PROXY": "", "NODE_USE_ENV_PROXY": "1"}


def free_route_port(taken: int) -> int:
    """Returns a port of a step's loopback for a route; `taken`: how many routes the step has already."""
    return _FIRST_ROUTE + taken


def known_addresses(host: str, table: Path = _HOSTS) -> tuple[str, ...]:
    """Returns what the host's own table of names says, which asks nobody: a name that a step made up may
    carry what it read, and must not leave before a person saw it. Source: hosts(5)."""
    try:
        lines = table.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    fields = (line.partition("#")[0].split() for line in lines)
    return tuple(dict.fromkeys(words[0] for words in fields if host in (name.lower() for name in words[1:])))


def _loopback_addresses(host: str) -> tuple[str, ...]:
    name = normalise_host(host)
    if isinstance(name, NotAHost):
        return ()
    both = ("127.0.0.1", "::1")
    return both if name == "localhost" else (name,) if name in both else ()


class _StepGate:
    """What egress asks about one step. What was answered for once holds until the step has ended."""

    def __init__(
        self, networks: Networks, request: ExecutionRequest, subject: Subject, closed: str = ""
    ) -> None:
        self._closed = closed
        self._networks = networks
        self._request = request
        self._subject = subject
        self._once: tuple[Grant, ...] = ()
        self._lock = threading.Lock()

    def lets_anything_through(self, envelope: Envelope) -> bool:
        """Whether there is any connection that would not be refused at once."""
        opened = any(rule.verdict is not Outcome.DENY for rule in envelope.net)
        return not self._closed and (opened or self.judge(*_NO_HOST).outcome != "deny")

    def judge(self, host: str, port: int) -> Verdict:
        """Returns what is so now. An ask that nobody can be asked is a denial; so is one of a step that has
        the person's terminal to itself: what is typed for it would answer."""
        if self._closed:
            return Verdict(outcome="deny", rule=self._closed, final=True)
        verdict = _verdict(self._rule_on(host, port)[1])
        may_ask = self._networks.prompter.can_ask() and not self._request.interactive
        return verdict if may_ask or verdict.outcome != "ask" else replace(verdict, outcome="deny")

    def ask(self, host: str, port: int, addresses: tuple[str, ...], about: str) -> Verdict:
        """Asks the person, one question at a time; what an answer before has settled is not asked."""
        if self._closed or self._request.interactive:
            return self.judge(host, port)
        with self._lock:
            request, ruling = self._rule_on(about or host, port)
            if ruling.outcome is Outcome.ASK:
                question = HostQuestion(
                    position=self._request.position,
                    subject=self._subject,
                    host=host,
                    port=port,
                    addresses=addresses or known_addresses(host),
                    ask=ruling,
                )
                permissions, prompter = self._networks.permissions, self._networks.prompter
                learned = permissions.ask_host(request, ruling, lambda: prompter.permit_host(question))
                for body in learned.facts:
                    self._networks.note(body)
                self._once = (*self._once, *learned.once)
            verdict = self.judge(about or host, port)
            return replace(verdict, outcome="deny") if verdict.outcome == "ask" else verdict

    def record(self, report: Report) -> None:
        """Puts a report on record."""
        self._networks.note(_fact(self._request.position, report))

    def _rule_on(self, host: str, port: int) -> tuple[ExecutionRequest, Ruling]:
        wanted = Operation(
            capability=Capability.NET,
            resource=str(Endpoint(host=host, port=port or None)),
            note="a connection of a running step",
        )
        own = self._request
        place = Place(run_id=own.run_id, position=own.position, attempt=own.attempt, cwd=own.cwd)
        request = freeze_nothing(place, wanted)
        decision = self._networks.judge.evaluate(request, (*self._networks.permissions.grants, *self._once))
        return request, decision.rulings[0]


def _verdict(ruling: Ruling) -> Verdict:
    rule, grant, fix = ruling.rule, ruling.grant, ruling.fix
    everything = (grant is not None and grant.everything) or (rule is not None and _is_about_all(rule))
    return Verdict(
        outcome=ruling.outcome.value,
        rule=ruling.why,
        private=rule is not None and rule.private,
        named=not everything,
        by_rule=rule is not None or grant is not None,
        final=grant is not None or (rule is not None and rule.layer in _FINAL),
        flag=fix.flag if fix is not None else "",
        yaml=fix.yaml if fix is not None else "",
    )


def _is_about_all(rule: Rule) -> bool:
    return split_port(rule.pattern)[0] == "*"


def _fact(position: str, report: Report) -> Body:
    if report.allowed:
        return EgressAllowed(
            position=position,
            host=report.host,
            port=report.port,
            rule=report.rule,
            address=report.address,
            sent_bytes=report.sent_bytes,
            received_bytes=report.received_bytes,
            duration_us=report.duration_ns // 1000,
            count=report.count,
            problem=report.reason,
        )
    return EgressBlocked(
        position=position,
        host=report.host,
        port=report.port,
        reason=report.reason,
        rule=report.rule,
        count=report.count,
        flag=report.flag,
        yaml=report.yaml,
    )
