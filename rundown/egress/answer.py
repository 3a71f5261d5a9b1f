"""`answer_query`: the DNS answer to one question. Pure; nothing is ever asked of anybody else.

A name that may be reached has one A record, of its stand-in address, and nothing else (an empty answer);
every other name does not exist, said at once: REFUSED makes resolvers stall or ask again.
Source: RFC 1035 §4.1, RFC 2308 §2 (an SOA with negative answers), RFC 6891 (EDNS), RFC 6761 §6.3 (localhost).
"""

from collections.abc import Callable
from typing import Final

from dnslib import QTYPE, RCODE, RR, SOA, A, DNSError, DNSHeader, DNSLabel, DNSRecord

from rundown.policy.host import NotAHost, address_of, normalise_host

_TTL_S: Final = 1
_SHORTEST: Final = 12
_CLASS_INTERNET: Final = 1

Lookup = Callable[[str], str | None]
"""The stand-in address of a normalised name, None if the step may not reach it."""


def answer_query(query: bytes, lookup: Lookup) -> bytes | None:
    """Returns the answer in wire form; None where there is nothing to answer to."""
    if len(query) < _SHORTEST or query[2] & 0x80:  # an answer is no question
        return None
    try:
        asked = DNSRecord.parse(query)
        labels = [bytes(label) for label in asked.q.qname.label] if asked.questions else []
    except (DNSError, ValueError, IndexError, UnicodeError):
        return _failure(query, RCODE.FORMERR)
    if asked.header.opcode != 0 or len(asked.questions) != 1:
        return _failure(query, RCODE.NOTIMP if asked.header.opcode else RCODE.FORMERR)
    name = host_of(labels)
    address = lookup(name) if name is not None and asked.q.qclass == _CLASS_INTERNET else None
    reply = asked.reply(ra=1, aa=0)
    reply.header.ad = 0
    if address is None:
        reply.header.rcode = RCODE.NXDOMAIN
    elif asked.q.qtype in (QTYPE.A, QTYPE.ANY):
        reply.add_answer(RR(asked.q.qname, QTYPE.A, rdata=A(address), ttl=_TTL_S))
        return bytes(reply.pack())
    reply.add_auth(RR(DNSLabel([]), QTYPE.SOA, rdata=SOA(".", ".", (0, 0, 0, 0, _TTL_S)), ttl=_TTL_S))
    return bytes(reply.pack())


def host_of(labels: list[bytes]) -> str | None:
    """Returns the normalised host name of a question's labels; None for what is no host name.

    Labels are joined only if none could be read as several, or as something else, when it is written.
    """
    if not labels or any(not _is_plain(label) for label in labels):
        return None
    name = normalise_host(b".".join(labels).decode("ascii"))
    if isinstance(name, NotAHost) or address_of(name) is not None:
        return None
    return name


def _is_plain(label: bytes) -> bool:
    return all(byte in b"-_" or (chr(byte).isalnum() and byte < 0x80) for byte in label)


def _failure(query: bytes, code: int) -> bytes:
    header = DNSHeader(id=int.from_bytes(query[:2], "big"), qr=1, ra=1, rcode=code)
    return bytes(DNSRecord(header).pack())
