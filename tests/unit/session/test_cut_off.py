"""Why a program reached nothing, where steps have no network of their own."""

import pytest

from rundown.model.sandbox import Gap
from rundown.session.cut_off import explain_no_network

PROXIED = (Gap(code="sandbox/net-by-port", message=""), Gap(code="sandbox/net-by-proxy", message=""))
CLOSED = (Gap(code="sandbox/no-sockets", message=""),)


@pytest.mark.parametrize(
    "said",
    [
        "ssh: Could not resolve hostname api.example: Temporary failure in name resolution",
        'psql: error: could not translate host name "db" to address: Temporary failure in name resolution',
        "Could not connect to Redis at db:6379: Temporary failure in name resolution",
        "fatal: unable to look up api.example (port 9418) (Temporary failure in name resolution)",
        "Error: getaddrinfo EAI_AGAIN api.example",
        "dial tcp: lookup api.example: no such host",
        "java.net.UnknownHostException: api.example",
        "PermissionError: [Errno 1] in socket.socket(): Operation not permitted",
        "net.c:137:try_proto(): socket(): Operation not permitted (1)",
        "Error: listen EPERM: operation not permitted 0.0.0.0:3000",
        "curl: (7) Failed to connect to 192.0.2.7 port 80 after 0 ms: Couldn't connect to server",
    ],
)
def test_words_of_a_failed_connection_are_explained(said):
    (found,) = explain_no_network("2", PROXIED, said.encode())
    assert (found.position, found.capability, found.flag) == ("2", "net", "")
    assert "only programs that know of proxies" in found.why
    (found,) = explain_no_network("2", CLOSED, said.encode())
    assert (found.flag, "no rule lets this one reach anything" in found.why) == ("--allow-net HOST", True)


@pytest.mark.parametrize(
    "said", ["", "cat: secret: Permission denied", "3 tests failed", "connected, then EPERM"]
)
def test_other_failures_are_not(said):
    assert list(explain_no_network("2", PROXIED, said.encode())) == []


def test_nothing_is_said_where_a_step_has_a_network():
    said = b"ssh: Could not resolve hostname api.example"
    assert list(explain_no_network("2", (Gap(code="sandbox/host-pid", message=""),), said)) == []
