"""What a client may say on a connection to a named host."""

import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rundown.egress.inspection import NameInspection
from rundown.egress.requests import MismatchError

HOST = "api.example"
FINE = b"GET / HTTP/1.1\r\nHost: api.example\r\n\r\n"
OTHER = FINE.replace(b"api", b"evil")
UPGRADE = b"GET / HTTP/1.1\r\nHost: api.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def greeting(name: str | None) -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = False
    secured = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        secured.do_handshake()
    return outgoing.read()


def passed(port: int, *chunks: bytes) -> bytes:
    inspection = NameInspection(HOST, port)
    return b"".join(inspection.feed(chunk) for chunk in chunks)


@pytest.mark.parametrize("name", ["api.example", "API.Example", "api.example."])
def test_a_greeting_for_the_host_passes_unchanged(name):
    hello = greeting(name.rstrip("."))
    assert passed(443, hello, b"more") == hello + b"more"


@pytest.mark.parametrize("port", [443, 80, 8443])
def test_a_greeting_for_another_host_does_not(port):
    with pytest.raises(MismatchError, match=r"evil\.example"):
        passed(port, greeting("evil.example"))


def test_a_greeting_that_names_no_host_passes_elsewhere_than_on_443():
    hello = greeting(None)
    assert passed(8443, hello) == hello
    with pytest.raises(MismatchError, match="names no server"):
        passed(443, hello)


def test_a_greeting_in_many_pieces_and_records_is_put_together():
    hello = greeting("evil.example")
    body = hello[5:]
    records = b"".join(
        b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in (body[:40], body[40:])
    )
    for text in (hello, records):
        with pytest.raises(MismatchError):
            passed(443, *(text[place : place + 1] for place in range(len(text))))


def test_nothing_of_a_greeting_goes_on_before_it_is_whole():
    assert passed(443, greeting(HOST)[:-1]) == b""


@pytest.mark.parametrize(
    "text", [b"\x16\x03\x01\x00\x05\x02aaaa", b"\x80\x2e\x01\x03\x01", b"\x16\x03\x01\x00\x00", b"hello\n"]
)
def test_what_is_no_greeting_does_not_pass_on_443(text):
    with pytest.raises(MismatchError):
        passed(443, text)


@pytest.mark.parametrize("port", [22, 80, 443])
def test_ssh_passes(port):
    assert passed(port, b"SSH-2.0-x\r\n") == b"SSH-2.0-x\r\n"


@pytest.mark.parametrize(
    "text", [b"PING", b"*1\r\n$4\r\nPING\r\n", b"EHLO a\r\n", b"\0\0\0\x08\x04\xd2\x16\x2f", b"QUIT"]
)
def test_other_protocols_pass_at_once_on_other_ports(text):
    assert passed(6379, text) == text


def test_requests_for_the_host_pass_one_after_the_other():
    body = b"POST / HTTP/1.1\r\nHost: api.example:80\r\nContent-Length: 3\r\n\r\nabc"
    chunked = (
        b"POST / HTTP/1.1\r\nHost: API.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    whole = FINE + body + chunked + FINE
    assert passed(80, whole) == whole
    assert passed(80, *(whole[place : place + 1] for place in range(len(whole)))) == whole


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, len(FINE) + len(OTHER)), max_size=8))
def test_a_second_request_for_another_host_never_passes_however_it_is_cut(cuts):
    text, pieces, start = FINE + OTHER, [], 0
    for cut in sorted({*cuts, len(FINE + OTHER)}):
        pieces.append(text[start:cut])
        start = cut
    inspection, out = NameInspection(HOST, 80), b""
    with pytest.raises(MismatchError):
        for piece in pieces:
            out += inspection.feed(piece)
    assert FINE.startswith(out)


@pytest.mark.parametrize(
    "text",
    [
        OTHER,
        b"\r\n" + OTHER,
        FINE.replace(b"Host", b"Host: evil.example\r\nHost"),
        FINE.replace(b"Host: api.example", b"Host: api.example\r\nHost: evil.example"),
        b"GET / HTTP/1.0\r\nHost: api.example\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: evil.example\r\nHost: api.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: api.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        FINE.replace(b"api.example", b"api.example, evil.example"),
        FINE.replace(b"api.example", b"api.example@evil.example"),
        FINE.replace(b"api.example", b"api.example\0"),
        FINE.replace(b"GET /", b"GET http://evil.example/"),
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
        b"CONNECT api.example:443 HTTP/1.1\r\nHost: api.example\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: api.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"FINE / HTTP/9.9\r\n",
        b"\0binary",
    ],
)
def test_what_means_another_host_or_cannot_be_told_does_not_pass_on_80(text):
    with pytest.raises(MismatchError):
        passed(80, text)


def test_a_request_for_another_host_is_held_back_on_other_ports_as_well():
    with pytest.raises(MismatchError):
        passed(8080, OTHER)


def test_a_client_that_cannot_be_told_is_not_held_for_ever():
    with pytest.raises(MismatchError):
        passed(80, b"A" * 70_000)


def test_after_an_accepted_upgrade_everything_passes():
    inspection = NameInspection(HOST, 80)
    assert inspection.feed(UPGRADE) == UPGRADE
    assert inspection.feed(b"\x81\x05frame") == b""
    assert inspection.hear(b"HTTP/1.1 101 Switching Protocols\r\n") == b"\x81\x05frame"
    assert inspection.is_over


def test_after_a_refused_upgrade_requests_are_looked_at_again():
    inspection = NameInspection(HOST, 80)
    inspection.feed(UPGRADE)
    assert inspection.feed(FINE) == b""
    assert inspection.hear(b"HTTP/1.1 200 OK\r\n") == FINE
    with pytest.raises(MismatchError):
        inspection.feed(OTHER)


def test_an_upgrade_before_earlier_requests_were_answered_is_refused():
    """Else the first answer could be taken for the second's."""
    with pytest.raises(MismatchError):
        passed(80, FINE + UPGRADE)
