"""One form for every host, and no form at all for the ambiguous."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.policy.host import Endpoint, NotAHost, normalise_host, parse_endpoint


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("例え。jp", "xn--r8jz45g.jp"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("[2001:DB8:0:0:0:0:0:1]", "2001:db8::1"),
        ("1e100.net", "1e100.net"),
    ],
)
def test_a_host_has_one_form(written, normal):
    assert normalise_host(written) == normal


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "a..b",
        "-a.example",
        "a-.example",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "256.1.1.1",
        "１２７.1",
        "::ffff:127.0.0.1",
        "[::ffff:7f00:1]",
        "fe80::1%eth0",
        "user@host",
        "a b",
        "a\tb",
        "a\nb",
        "a\0b",
        "a\r\nb",
        "a%00b",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "[::1",
        "[a.example]",
        "☃.example",
        "a\u202eb.example",
    ],
)
def test_what_could_mean_something_else_is_refused(written):
    assert isinstance(normalise_host(written), NotAHost)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("a.example", "a.example", None),
        ("a.example:8443", "a.example", 8443),
        ("[::1]:80", "::1", 80),
        ("https://A.example/x?y#z", "a.example", 443),
        ("http://user:pw@a.example:81/x", "a.example", 81),
        ("ssh://git@github.com/x.git", "github.com", 22),
        ("postgres://u@db.internal/x", "db.internal", 5432),
        ("unknown+x://a.example/", "a.example", None),
    ],
)
def test_an_endpoint_is_read_from_host_port_or_url(text, host, port):
    assert parse_endpoint(text) == Endpoint(host=host, port=port)


@pytest.mark.parametrize(
    "text",
    ["a:0", "a:65536", "a:x", "a:", "a:*", "https://", "http://a@b@", "http://[::1", "a:+80", "a:８０"],
)
def test_what_names_no_endpoint_is_refused(text):
    assert isinstance(parse_endpoint(text), NotAHost)


def test_an_endpoint_is_written_as_it_is_read():
    for text in ("a.example", "a.example:81", "[::1]:5", "[fd00::1]"):
        assert str(parse_endpoint(text)) == text


@given(st.text(max_size=30))
def test_normalising_is_total_and_settles_at_once(text):
    found = normalise_host(text)
    if not isinstance(found, NotAHost):
        assert normalise_host(found) == found
        assert found.isascii() and found == found.lower()


@given(st.ip_addresses())
def test_every_plain_address_is_kept(address):
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    found = normalise_host(str(address))
    assert isinstance(found, NotAHost) if mapped else found == str(address)
