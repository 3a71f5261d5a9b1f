"""The proxies that rundown itself was told to go through."""

import pytest

from rundown.egress.outer_proxy import Proxy, read_outer_proxies

ENVIRON = {
    "https_proxy": "http://ada:pa%20ss@proxy.corp:3128",
    "HTTP_PROXY": "proxy.corp",
    "no_proxy": ".corp, 10.0.0.0/8,plain.example:8443",
}


@pytest.mark.parametrize(
    ("host", "port", "found"),
    [
        ("a.example", 443, Proxy(host="proxy.corp", port=3128, login="ada:pa ss")),
        ("a.example", 80, Proxy(host="proxy.corp", port=80)),
        ("a.example", 5432, None),
        ("git.corp", 443, None),
        ("corp", 443, None),
        ("10.2.0.7", 443, None),
        ("11.2.0.7", 443, Proxy(host="proxy.corp", port=3128, login="ada:pa ss")),
        ("plain.example", 443, Proxy(host="proxy.corp", port=3128, login="ada:pa ss")),
    ],
)
def test_each_host_and_port_has_its_way(host, port, found):
    assert read_outer_proxies(ENVIRON).proxy_for(host, port) == found


def test_one_for_all_ports():
    assert read_outer_proxies({"ALL_PROXY": "http://p:1"}).proxy_for("a.example", 22) == Proxy(
        host="p", port=1
    )


def test_a_kind_that_is_not_supported_is_no_reason_to_go_past_it():
    found = read_outer_proxies({"https_proxy": "socks5://p:1080"}).proxy_for("a.example", 443)
    assert found is not None and "socks5" in found.flaw


def test_a_star_means_everything_is_direct():
    assert read_outer_proxies({**ENVIRON, "no_proxy": "*"}).proxy_for("a.example", 443) is None
