"""rundown behind a company's proxy: what a step reaches goes by it, and is held to the same rules."""

import pytest

from tests.support.internet import Done, Internet

pytestmark = pytest.mark.kernel

PROXY = "http://proxy.example.net:3128"
WITH_LOGIN = "http://ada:pa%20ss@proxy.example.net:3129"


def _fetch(internet: Internet, url: str, allow: str, env: dict[str, str], *flags: str) -> Done:
    internet.write("fetch.sh", f"curl -sS -m 20 --noproxy '*' {url}")
    (internet.folder / "proxied.log").write_text("")
    env = {"CURL_CA_BUNDLE": str(internet.authority), **env}
    return internet.step("sh", "fetch.sh", allow=allow, flags=flags, env=env)


def _proxied(internet: Internet) -> list[str]:
    return (internet.folder / "proxied.log").read_text().splitlines()


@pytest.mark.parametrize(
    ("variable", "url", "place"),
    [
        ("https_proxy", "https://api.example.net/page", "api.example.net:443"),
        ("HTTPS_PROXY", "https://api.example.net/page", "api.example.net:443"),
        ("http_proxy", "http://api.example.net/", "api.example.net:80"),
        ("ALL_PROXY", "http://api.example.net:8080/", "api.example.net:8080"),
    ],
)
def test_what_is_allowed_goes_by_the_proxy(internet: Internet, variable, url, place):
    (internet.folder / "www" / "page").write_text("good")
    done = _fetch(internet, url, place, {variable: PROXY})
    assert (done.out, _proxied(internet)) == ("good", [f"CONNECT {place} HTTP/1.1"]), done.err


def test_a_name_that_only_the_proxy_knows_is_reached(internet: Internet):
    done = _fetch(internet, "http://inner.example.net/", "inner.example.net:80", {"http_proxy": PROXY})
    assert done.out == "good", done.err


def test_a_login_in_the_address_is_said_to_the_proxy(internet: Internet):
    allow, url = "api.example.net:80", "http://api.example.net/"
    assert _fetch(internet, url, allow, {"http_proxy": WITH_LOGIN}).out == "good"
    refused = _fetch(internet, url, allow, {"http_proxy": WITH_LOGIN.replace("pa%20ss", "other")})
    assert (refused.out, "says 407 to api.example.net:80" in refused.err) == ("", True), refused.err


def test_what_the_far_side_said_along_with_the_proxys_answer_arrives(internet: Internet):
    internet.write(
        "fetch.sh",
        "python3 -c 'import socket; print(socket.create_connection((\"api.example.net\", 7777), 9).recv(9))'",
    )
    done = internet.step("sh", "fetch.sh", allow="api.example.net:7777", env={"all_proxy": PROXY})
    assert done.out == "b'good\\n'\n", done.err


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://proxy.example.net:3130", "the proxy at proxy.example.net says 403 to api.example.net:80"),
        ("http://proxy.example.net:3131", "the proxy at proxy.example.net: illegal status line"),
        ("http://proxy.example.net:3132", "the proxy at proxy.example.net: Connect call failed"),
        ("socks5://proxy.example.net:3128", "a socks5 proxy is not supported"),
        ("http://nowhere.example.net:3128", "nowhere.example.net cannot be looked up"),
    ],
)
def test_a_proxy_that_does_not_help_is_told_and_never_gone_past(internet: Internet, proxy, said):
    done = _fetch(internet, "http://api.example.net/", "api.example.net:80", {"http_proxy": proxy})
    assert (done.out, done.status != 0, said in done.err) == ("", True, True), done.err


def test_the_rules_hold_behind_a_proxy(internet: Internet):
    env = {"all_proxy": PROXY, "http_proxy": PROXY}
    for url, allow in (
        ("http://evil.test/", "api.example.net:80"),
        ("http://loop.example.net:7777/", "loop.example.net:7777"),
        ("-H 'Host: evil.test' http://api.example.net/", "api.example.net:80"),
    ):
        assert "REACHED" not in _fetch(internet, url, allow, env).out
    assert not any("evil.test" in line or "loop" in line for line in _proxied(internet))


def test_no_proxy_goes_past_it(internet: Internet):
    env = {"http_proxy": PROXY, "no_proxy": ".example.net"}
    done = _fetch(internet, "http://api.example.net/", "api.example.net:80", env)
    assert (done.out, _proxied(internet)) == ("good", [])
