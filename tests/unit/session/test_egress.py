"""What egress asks is answered by the evaluator, by a person, and put on record."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from rundown.egress.gate import Report
from rundown.egress.route import Route
from rundown.egress.server import Egress
from rundown.model.event import Body, EgressAllowed, EgressBlocked, GrantGiven, QuestionAsked
from rundown.model.policy import Envelope, Grant, Layer, LayerKind, Outcome, Rule, Ruleset
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.sandbox import StepNetwork
from rundown.policy.evaluate import evaluate
from rundown.sandbox.doors import Door
from rundown.session.egress import Networks, StepNetworking, _StepGate, known_addresses, plan_network
from rundown.session.permissions import Permissions
from rundown.session.ports import Answer, Choice, Subject
from tests.support.fakes import ScriptedPrompter
from tests.support.patience import PATIENCE_SECONDS
from tests.support.policies import FACTS, rules

REQUEST = ExecutionRequest(
    run_id="r", position="2", attempt=1, kind="sh", text="", argv=("sh",), cwd="/repo", env_names=(), operations=(),
)  # fmt: skip


class Judged:
    """The real evaluator, on a ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset

    def evaluate(self, request: ExecutionRequest, grants: tuple[Grant, ...]):
        return evaluate(self._ruleset, request, FACTS, grants)

    def keep_grant(self, grant: Grant, choice: Choice) -> str:
        return "kept"


def net(pattern: str, verdict: Outcome = Outcome.ALLOW, **more: object) -> Rule:
    return Rule(capability=Capability.NET, verdict=verdict, pattern=pattern, layer=LayerKind.PROJECT, **more)  # type: ignore[arg-type]


class Desk:
    """A gate of one step, with a prompter that answers as told."""

    def __init__(self, *answers: Choice, listed: tuple[Rule, ...] = (), present: bool = True) -> None:
        self.noted: list[Body] = []
        self.prompter = ScriptedPrompter(
            host_answers=[Answer(choice=item) for item in answers], present=present
        )
        judge = Judged(rules(Layer(kind=LayerKind.PROJECT, source="p", rules=listed)))
        self.permissions = Permissions(judge, self.prompter, lambda envelope: ())
        self.networks = Networks(
            egress=Egress(),
            judge=judge,
            permissions=self.permissions,
            prompter=self.prompter,
            note=self.noted.append,
        )
        self.gate = self.step()

    def step(self, request: ExecutionRequest = REQUEST) -> _StepGate:
        return _StepGate(self.networks, request, Subject(title="t"))


def test_rules_answer_without_a_person():
    gate = Desk(listed=(net("a.example:443"), net("*.bad.example", Outcome.DENY))).gate
    assert [gate.judge(host, 443).outcome for host in ("a.example", "x.bad.example", "c.example")] == [
        "allow",
        "deny",
        "ask",
    ]


def test_where_nobody_can_be_asked_an_ask_is_a_denial_with_its_mend():
    verdict = Desk(present=False).gate.judge("c.example", 443)
    assert (verdict.outcome, verdict.by_rule, verdict.flag) == ("deny", False, "--allow-net c.example:443")


def test_keys_typed_for_a_step_that_has_the_terminal_to_itself_answer_nothing():
    desk = Desk(Choice.TYPE_SESSION, listed=(net("a.example:443"),))
    gate = desk.step(replace(REQUEST, interactive=True))
    asked = gate.ask("c.example", 443, (), "")
    assert (gate.judge("a.example", 443).outcome, gate.judge("c.example", 443).outcome) == ("allow", "deny")
    assert (asked.outcome, asked.flag, desk.prompter.hosts) == ("deny", "--allow-net c.example:443", [])


@pytest.mark.parametrize(
    ("choice", "now", "next_step"),
    [
        (Choice.ONCE, "allow", "ask"),
        (Choice.SESSION, "allow", "allow"),
        (Choice.TYPE_SESSION, "allow", "allow"),
        (Choice.DENY, "deny", "ask"),
        (Choice.DENY_TYPE, "deny", "deny"),
    ],
)
def test_an_answer_holds_for_this_step_or_for_the_session(choice, now, next_step):
    desk = Desk(choice)
    asked = desk.gate.ask("c.example", 443, (), "")
    assert (asked.outcome, desk.gate.judge("c.example", 443).outcome, desk.step().judge("c.example", 443).outcome) == (
        now, now, next_step,
    )  # fmt: skip
    assert [type(body) for body in desk.noted][:1] == [QuestionAsked]


def test_an_answer_is_on_record_before_it_counts():
    desk = Desk(Choice.SESSION)
    desk.gate.ask("c.example", 443, (), "")
    question, grant = desk.noted
    assert isinstance(question, QuestionAsked) and isinstance(grant, GrantGiven)
    assert (question.position, question.resources, grant.grant.pattern) == (
        "2",
        ("net c.example:443",),
        "c.example:443",
    )


def test_what_an_earlier_answer_settled_is_not_asked():
    desk = Desk(Choice.TYPE_SESSION)
    desk.gate.ask("c.example", 443, (), "")
    assert (desk.gate.ask("d.example", 443, (), "").outcome, len(desk.prompter.hosts)) == ("allow", 1)


def test_all_of_this_type_is_no_word_on_an_address_that_is_not_public():
    desk = Desk(Choice.TYPE_SESSION)
    desk.gate.ask("c.example", 443, (), "")
    assert not desk.gate.judge("169.254.169.254", 443).named


def test_a_question_about_an_address_names_the_host_and_all_that_it_is_at():
    desk = Desk(Choice.SESSION)
    verdict = desk.gate.ask("db.example", 5432, ("10.0.0.7 (private)",), "10.0.0.7")
    (question,) = desk.prompter.hosts
    assert (question.host, question.addresses, verdict.outcome, verdict.named) == (
        "db.example", ("10.0.0.7 (private)",), "allow", True,
    )  # fmt: skip


def test_two_steps_at_once_ask_one_after_the_other():
    desk = Desk(Choice.DENY, Choice.DENY)
    inside = threading.Semaphore(1)
    told: list[bool] = []
    answer = desk.prompter.permit_host

    def permit_host(question):
        told.append(inside.acquire(blocking=False))
        threading.Event().wait(0.05)
        inside.release()
        return answer(question)

    desk.prompter.permit_host = permit_host  # type: ignore[method-assign]
    gates = (desk.gate, desk.step())
    threads = [threading.Thread(target=gate.ask, args=("c.example", 443, (), "")) for gate in gates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [True, True]


def test_reports_become_facts():
    desk = Desk()
    desk.gate.record(
        Report(
            host="a",
            port=443,
            allowed=True,
            rule="r",
            address="8.8.8.8",
            sent_bytes=1,
            received_bytes=2,
            duration_ns=3000,
        )
    )
    desk.gate.record(Report(host="b", port=0, allowed=False, reason="no", flag="--allow-net b", count=2))
    assert desk.noted == [
        EgressAllowed(position="2", host="a", port=443, rule="r", address="8.8.8.8", sent_bytes=1, received_bytes=2, duration_us=3),
        EgressBlocked(position="2", host="b", port=0, reason="no", flag="--allow-net b", count=2),
    ]  # fmt: skip


async def _serve(reader: object, writer: object) -> None: ...


def test_rundown_listens_where_rules_and_routes_say():
    envelope = Envelope(
        net=(net("a.example:9999"), net("localhost:5432"), net("b:7", Outcome.DENY), net("*.c:*"))
    )
    found = plan_network(envelope, (Route(port=47600, serve=_serve),))
    assert 9999 in found.ports and 443 in found.ports and 7 not in found.ports
    assert found.loopback == (("127.0.0.1", 5432), ("127.0.0.1", 47600), ("::1", 5432))


def test_the_hosts_own_table_is_read_and_nobody_asked(tmp_path: Path):
    table = tmp_path / "hosts"
    table.write_text("127.0.0.1 localhost\n10.2.0.7 db.internal DB # x evil\n::1 localhost\n")
    assert (known_addresses("db", table), known_addresses("evil", table), known_addresses("localhost", table)) == (
        ("10.2.0.7",), (), ("127.0.0.1", "::1"),
    )  # fmt: skip


def test_a_network_that_no_step_used_costs_nothing():
    desk = Desk()
    networking = StepNetworking(desk.networks.egress, desk.gate, StepNetwork(), ())
    networking.close()
    assert desk.networks.egress._thread is None


def _first_packet(address: str, port: int) -> bytes:
    """The first packet of a connection, from its IP header on. Source: RFC 791, RFC 9293."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, b"\n\0\0\1", socket.inet_aton(address))
    return ip + struct.pack("!HHLLBBHHH", 40000, port, 0, 0, 0x50, 2, 1024, 0, 0)


def test_a_connection_to_a_port_that_answers_is_no_refused_attempt_whichever_socket_comes_first():
    desk = Desk(listed=(net("a.example:80", Outcome.DENY),))
    networking = StepNetworking(desk.networks.egress, desk.gate, StepNetwork(), ())
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for sock in (ours, theirs):
        sock.setblocking(False)
    for port in (80, 81):
        ours.send(_first_packet("198.18.0.9", port))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)

    def doors() -> Iterator[Door]:
        yield Door(kind="attempts", address="", port=0, sock=theirs)
        for _ in range(5):  # whoever serves has time to look at what came meanwhile
            desk.networks.egress.run(asyncio.sleep(0))
        yield Door(kind="any", address="0.0.0.0", port=80, sock=listener)

    networking.serve(doors())
    networking.close()
    ours.close()
    assert [(body.host, body.port) for body in desk.noted if isinstance(body, EgressBlocked)] == [
        ("198.18.0.9", 81)
    ]


def _proxied(*listed: Rule, present: bool = True, **changes: object) -> tuple[StepNetworking, dict[str, str]]:
    """The network of a step on a host without namespaces, and what was kept secret of it."""
    kept: dict[str, str] = {}
    desk = Desk(listed=listed, present=present)
    networks = replace(desk.networks, proxied=True, keep_secret=kept.__setitem__)
    request = replace(REQUEST, **{name: changes.pop(name) for name in ("interactive",) if name in changes})
    envelope = replace(Envelope(net=listed), **changes)
    network = networks.open(request, envelope, Subject(title="t"))
    network.close()
    networks.egress.close()
    return network, kept


def test_without_namespaces_a_step_is_told_of_a_proxy_and_its_login_is_a_secret():
    network, kept = _proxied(net("a.example:443"), present=False)
    (port,) = network.plan.host_ports
    ((name, login),) = kept.items()
    address = f"http://rundown:{login}@127.0.0.1:{port}"
    names = ("http_proxy", "https_proxy", "all_proxy")
    assert (name, len(login)) == ("proxy login of 2", 32)
    assert network.variables == {
        **dict.fromkeys((*names, *(item.upper() for item in names)), address),
        "no_proxy": "", "NO_PROXY": "", "NODE_USE_ENV_PROXY": "1",
    }  # fmt: skip


def test_each_step_has_a_login_of_its_own():
    assert _proxied(net("a.example"))[1] != _proxied(net("a.example"))[1]


@pytest.mark.parametrize(
    ("listed", "changes", "has_proxy"),
    [
        ((net("a.example"),), {"present": False}, True),
        ((net("a.example", Outcome.ASK),), {"present": False}, True),
        ((), {"present": True}, True),
        ((), {"present": False}, False),
        ((), {"present": True, "interactive": True}, False),
        ((net("*", Outcome.DENY),), {"present": True}, False),
        ((net("a.example", Outcome.DENY),), {"present": False}, False),
        ((net("a.example"),), {"present": True, "host": ("net",)}, False),
        ((net("a.example"),), {"present": True, "host": ("unconfined",)}, False),
    ],
)
def test_only_a_step_that_something_lets_connect_has_a_proxy(listed, changes, has_proxy):
    network, kept = _proxied(*listed, **changes)
    assert (bool(network.plan.host_ports), bool(network.variables), bool(kept)) == (has_proxy,) * 3


def test_an_agents_step_has_no_proxy():
    desk = Desk(listed=(net("a.example"),))
    networks = replace(desk.networks, proxied=True)
    network = networks.open(
        REQUEST, Envelope(net=(net("a.example"),)), Subject(title="t"), closed="it is an agent's"
    )
    assert (network.plan.host_ports, network.variables) == ((), {})


def test_the_proxy_is_there_before_the_step_is_planned_and_gone_after_it():
    desk = Desk(listed=(net("a.example"),))
    networks = replace(desk.networks, proxied=True)
    network = networks.open(REQUEST, Envelope(net=(net("a.example"),)), Subject(title="t"))
    (port,) = network.plan.host_ports
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as sock:
        sock.sendall(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 407 ")
    network.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
    networks.egress.close()
