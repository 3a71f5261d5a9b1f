"""Which addresses of an allowed name may be dialled."""

import ipaddress

import pytest

from rundown.egress.checks import Checked, check_addresses, kind_of
from rundown.egress.gate import Verdict

NAME = Verdict(outcome="allow", rule="rule", named=True)
NO_RULE = Verdict(outcome="deny", rule="no rule")


def ip(text: str):
    return ipaddress.ip_address(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("8.8.8.8", "public"),
        ("2606:4700::1", "public"),
        ("10.1.2.3", "private"),
        ("172.31.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.100.100.200", "private"),
        ("fd00::1", "private"),
        ("fec0::1", "private"),
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"),
        ("::1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "reserved"),
        ("::", "reserved"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("198.18.0.9", "reserved"),
        ("192.0.2.1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("2001:0:808:808:0:ffff:f7f7:f7f7", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("64:ff9b:1::7f00:1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("2002:a9fe:a9fe::", "link-local"),
    ],
)
def test_each_address_is_of_a_kind(text, kind):
    assert kind_of(ip(text)) == kind


def _check(verdict: Verdict, *addresses: str, own: dict[str, Verdict] | None = None) -> Checked:
    rules = own or {}
    return check_addresses("h", verdict, tuple(map(ip, addresses)), lambda text: rules.get(text, NO_RULE))


def test_a_public_address_is_dialled():
    assert _check(NAME, "8.8.8.8").usable == (ip("8.8.8.8"),)


@pytest.mark.parametrize("text", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "0.0.0.0"])
def test_others_are_not_and_it_is_said_what_they_are(text):
    found = _check(NAME, text)
    assert (found.usable, found.unsettled) == ((), ())
    assert text.removeprefix("::ffff:") in found.refused and f"({kind_of(ip(text))})" in found.refused


def test_of_several_addresses_only_the_harmless_are_dialled():
    assert _check(NAME, "10.0.0.1", "8.8.8.8", "127.0.0.1").usable == (ip("8.8.8.8"),)


def test_private_opens_private_addresses_and_no_others():
    verdict = Verdict(outcome="allow", private=True, named=True)
    found = _check(verdict, "10.0.0.1", "127.0.0.1", "169.254.169.254")
    assert found.usable == (ip("10.0.0.1"),)


def test_an_address_that_is_listed_itself_is_dialled():
    listed = {"127.0.0.1": Verdict(outcome="allow", named=True)}
    assert _check(NAME, "127.0.0.1", own=listed).usable == (ip("127.0.0.1"),)


def test_a_rule_about_all_hosts_lists_no_address():
    everything = {"10.0.0.1": Verdict(outcome="allow", named=False)}
    assert _check(NAME, "10.0.0.1", own=everything).usable == ()


def test_an_address_that_is_denied_is_not_dialled_though_it_is_public():
    denied = {"8.8.8.8": Verdict(outcome="deny", by_rule=True, rule="deny 8.0.0.0/8")}
    assert "deny 8.0.0.0/8" in _check(NAME, "8.8.8.8", own=denied).refused


def test_private_lifts_a_deny_but_not_a_final_one():
    verdict = Verdict(outcome="allow", private=True, named=True)
    usual = {"10.0.0.1": Verdict(outcome="deny", by_rule=True)}
    final = {"10.0.0.1": Verdict(outcome="deny", by_rule=True, final=True)}
    assert (
        len(_check(verdict, "10.0.0.1", own=usual).usable),
        _check(verdict, "10.0.0.1", own=final).usable,
    ) == (1, ())


def test_what_a_person_could_allow_is_left_to_be_asked():
    asked = {"10.0.0.1": Verdict(outcome="ask")}
    assert _check(NAME, "10.0.0.1", own=asked).unsettled == (ip("10.0.0.1"),)


def test_a_mapped_address_is_judged_as_the_one_it_is():
    listed = {"10.0.0.1": Verdict(outcome="allow", named=True)}
    assert _check(NAME, "::ffff:10.0.0.1", own=listed).usable == (ip("::ffff:10.0.0.1"),)
