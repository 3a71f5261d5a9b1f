"""What rundown answers to DNS questions of steps."""

import pytest
from dnslib import QTYPE, RCODE, DNSQuestion, DNSRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from rundown.egress.answer import answer_query, host_of


def look_up(name: str) -> str | None:
    return "198.18.0.4" if name == "api.example" else None


def ask(name: str, kind: str = "A") -> DNSRecord:
    answer = answer_query(bytes(DNSRecord.question(name, kind).pack()), look_up)
    assert answer is not None
    return DNSRecord.parse(answer)


def test_an_allowed_name_has_one_short_lived_address():
    found = ask("api.example.")
    assert [(item.rtype, str(item.rdata), item.ttl) for item in found.rr] == [(QTYPE.A, "198.18.0.4", 1)]
    assert found.header.rcode == RCODE.NOERROR


@pytest.mark.parametrize("kind", ["AAAA", "TXT", "MX", "HTTPS", "SRV", "CNAME"])
def test_other_types_of_an_allowed_name_are_empty(kind):
    found = ask("api.example", kind)
    assert (found.header.rcode, found.rr) == (RCODE.NOERROR, [])


@pytest.mark.parametrize("kind", ["A", "AAAA", "PTR", "ANY"])
def test_every_other_name_does_not_exist(kind):
    assert ask("evil.example", kind).header.rcode == RCODE.NXDOMAIN


@pytest.mark.parametrize("other", [3, 4, 254, 255])
def test_names_of_other_classes_than_the_internets_do_not_exist(other):
    asked = DNSRecord(q=DNSQuestion("api.example", QTYPE.A, other))
    answer = answer_query(bytes(asked.pack()), look_up)
    assert answer is not None and DNSRecord.parse(answer).header.rcode == RCODE.NXDOMAIN


def test_case_and_the_final_dot_are_no_matter():
    assert str(ask("API.Example").rr[0].rdata) == "198.18.0.4"


@pytest.mark.parametrize(
    "labels",
    [
        [b"api\0", b"example"],
        [b"api.example"],
        [b"api\r\n", b"example"],
        [b"192", b"0", b"2", b"1"],
        [b"\xc3\xa4", b"example"],
        [b"a b"],
        [b""],
        [],
        [b"x" * 64],
        [b"-a", b"example"],
    ],
)
def test_what_is_no_host_name_is_none(labels):
    assert host_of(labels) is None


def test_an_answer_is_not_answered():
    reply = DNSRecord.question("api.example").reply()
    assert answer_query(bytes(reply.pack()), look_up) is None


def test_two_questions_in_one_are_refused():
    query = DNSRecord.question("api.example")
    query.add_question(DNSQuestion("evil.example"))
    found = DNSRecord.parse(answer_query(bytes(query.pack()), look_up) or b"")
    assert (found.header.rcode, found.rr) == (RCODE.FORMERR, [])


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_make_it_fail(query):
    answer = answer_query(query, look_up)
    assert answer is None or DNSRecord.parse(answer).header.id == int.from_bytes(query[:2], "big")
