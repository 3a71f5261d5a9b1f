"""Who is let in to the web TUI: one browser, by a token that works once, from the address that was printed."""

import pytest
from msgspec.structs import replace

from rundown.tui.gate import Gate, Visit

PORT = 4711
OWN = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def gate() -> Gate:
    return Gate(PORT)


def visit(gate: Gate, **more: object) -> Visit:
    plain = Visit(method="GET", path="/", hosts=(f"127.0.0.1:{PORT}",))
    return replace(plain, **more)  # type: ignore[arg-type]


def token(gate: Gate) -> str:
    return gate.address.partition("token=")[2]


def test_the_token_lets_in_once(gate):
    given = visit(gate, token=token(gate))
    assert (gate.refusal(given), gate.admits(given), gate.admits(given)) == ("", True, False)
    assert gate.address == f"{OWN}/"


@pytest.mark.parametrize("given", ["", "x", "None"])
def test_a_wrong_token_lets_nobody_in_and_uses_nothing_up(given, gate):
    assert gate.admits(visit(gate, token=given)) is False
    assert gate.admits(visit(gate, token=token(gate))) is True


def test_the_token_counts_at_the_first_page_only(gate):
    assert gate.admits(visit(gate, path="/ws", token=token(gate))) is False


def test_only_the_cookie_is_known_afterwards(gate):
    assert gate.knows(visit(gate, cookie=gate.cookie)) is True
    assert [gate.knows(visit(gate, cookie=given)) for given in ("", "x", token(gate))] == [False] * 3


@pytest.mark.parametrize(
    "hosts",
    [(), ("localhost:4711",), ("127.0.0.1",), ("evil.example:4711",), ("127.0.0.1:4711", "evil.example")],
)
def test_another_host_is_refused_whatever_it_brings(hosts, gate):
    assert gate.refusal(visit(gate, hosts=hosts, cookie=gate.cookie)) != ""


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", f"https://127.0.0.1:{PORT}"])
@pytest.mark.parametrize("is_socket", [True, False])
def test_a_page_from_elsewhere_is_refused(origin, is_socket, gate):
    assert gate.refusal(visit(gate, origin=origin, is_socket=is_socket, cookie=gate.cookie)) != ""


def test_a_socket_names_our_own_page_and_nothing_less(gate):
    assert gate.refusal(visit(gate, is_socket=True)) != ""
    assert gate.refusal(visit(gate, is_socket=True, origin=OWN)) == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "HEAD"])
def test_only_reading_is_answered(method, gate):
    assert gate.refusal(visit(gate, method=method)) != ""
