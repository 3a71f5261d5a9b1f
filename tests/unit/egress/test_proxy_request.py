"""What a client asks of rundown's proxy is read in one way, or not at all."""

import base64

import h11
import pytest

from rundown.egress.connecting import Wanted
from rundown.egress.proxy_request import Asked, Flaw, find_mismatch, forwarded, has_login, read_asked

API = Wanted(host="api.example", port=80)


def _request(method: str, target: str, *headers: tuple[str, str], host: str = "api.example") -> h11.Request:
    return h11.Request(method=method, target=target, headers=[("Host", host), *headers])


@pytest.mark.parametrize(
    ("method", "target", "asked"),
    [
        ("CONNECT", "api.example:443", Asked(wanted=Wanted(host="api.example", port=443), host="api.example:443")),
        ("CONNECT", "API.Example.:80", Asked(wanted=API, host="api.example")),
        ("CONNECT", "192.0.2.7:22", Asked(wanted=Wanted(host="192.0.2.7", port=22), host="192.0.2.7:22")),
        ("CONNECT", "[2001:DB8::1]:22", Asked(wanted=Wanted(host="2001:db8::1", port=22), host="[2001:db8::1]:22")),
        (
            "CONNECT",
            "localhost:5432",
            Asked(wanted=Wanted(host="127.0.0.1", port=5432, loopback=True), host="localhost:5432"),
        ),
        (
            "CONNECT",
            "[::1]:5432",
            Asked(wanted=Wanted(host="::1", port=5432, loopback=True), host="[::1]:5432"),
        ),
        ("GET", "http://api.example/a?b", Asked(wanted=API, host="api.example", path="/a?b")),
        ("GET", "HTTP://api.example", Asked(wanted=API, host="api.example", path="/")),
        ("GET", "http://api.example?b", Asked(wanted=API, host="api.example", path="/?b")),
        (
            "POST",
            "http://api.example:8080/",
            Asked(wanted=Wanted(host="api.example", port=8080), host="api.example:8080", path="/"),
        ),
    ],
)  # fmt: skip
def test_a_host_and_a_port_are_what_they_say(method, target, asked):
    assert read_asked(_request(method, target)) == asked


@pytest.mark.parametrize(
    ("method", "target"),
    [
        *(
            ("CONNECT", target)
            for target in (
                "api.example", "api.example:", "api.example:0", "api.example:65536", "api.example:0x50",
                "api.example:-1", "api.example:*", "api.example:80:80", "a@b:80", "3221225991:80", "0300.0.2.7:80",
                "192.0.519:80", "0xc0000207:80", "[::ffff:192.0.2.7]:80", "[fe80::1%eth0]:80", "[::1:80", "a%2eb:80",
                "http://api.example:80", "/", "*", f"{'a' * 300}:80", "api.example,b:80",
            )
        ),
        *(
            ("GET", target)
            for target in (
                "/", "*", "api.example:80", "https://api.example/", "ftp://api.example/", "//api.example/",
                "http://", "http:///a", "http://a@api.example/", "http://api.example#x", "http://api.example/#x",
                "http://b\\@api.example/", "http://api.example:*/", "http://api.example:80:80/", "http://3221225991/",
                "http://[::ffff:192.0.2.7]/",
            )
        ),
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(method, target):
    assert isinstance(read_asked(_request(method, target)), Flaw)


def test_a_length_that_is_given_in_two_ways_is_refused():
    both = (("Content-Length", "3"), ("Transfer-Encoding", "chunked"))
    assert isinstance(read_asked(_request("POST", "http://api.example/", *both)), Flaw)


@pytest.mark.parametrize(
    ("shown", "known"),
    [
        (("Basic RIGHT",), True),
        (("basic RIGHT",), True),
        (("Basic cnVuZG93bjp4",), False),
        (("Basic",), False),
        (("Bearer RIGHT",), False),
        (("RIGHT",), False),
        ((), False),
        (("Basic RIGHT", "Basic RIGHT"), False),
    ],
)
def test_the_login_is_shown_once_and_whole(shown, known):
    right = base64.b64encode(b"rundown:word").decode()
    headers = [("Proxy-Authorization", text.replace("RIGHT", right)) for text in shown]
    assert has_login(_request("CONNECT", "a:1", *headers), "rundown:word") is known


def test_the_login_of_another_header_counts_for_nothing():
    word = base64.b64encode(b"rundown:word").decode()
    assert not has_login(_request("CONNECT", "a:1", ("Authorization", f"Basic {word}")), "rundown:word")


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("api.example", ""),
        ("API.example.:80", ""),
        ("api.example:81", "its Host is 'api.example:81'"),
        ("evil.example", "its Host is 'evil.example'"),
        ("api.example,evil.example", "its Host is 'api.example,evil.example'"),
        ("evil.example@api.example", "its Host is 'evil.example@api.example'"),
    ],
)
def test_the_host_field_means_the_host_of_the_target(host, found):
    assert find_mismatch(_request("GET", "http://api.example/", host=host), API) == found


def test_nothing_of_the_proxys_or_of_this_connection_goes_on():
    request = _request(
        "GET",
        "http://api.example/",
        ("Accept", "text/*"),
        ("Proxy-Authorization", "Basic x"),
        ("Proxy-Connection", "keep-alive"),
        ("Connection", "close, X-Own, Content-Length"),
        ("X-Own", "1"),
        ("Keep-Alive", "5"),
        ("TE", "trailers"),
        ("Upgrade", "websocket"),
        ("Content-Length", "0"),
        ("Authorization", "Basic y"),
    )
    assert forwarded(request) == [
        (b"Accept", b"text/*"),
        (b"Content-Length", b"0"),
        (b"Authorization", b"Basic y"),
    ]
