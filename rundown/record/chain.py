"""The hash chain of a log: how a line is written, named and checked. Pure; knows bytes, not files.

A line is the RFC 8785 form of an event without its line end. Its `prev` is the hash of the line before;
that of the first line is the digest of the contract. Whoever knows the last hash (the head) can tell
whether a single byte before it was changed.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw, Struct

from rundown.model.contract import Contract
from rundown.model.digest import canonical_json, digest_bytes
from rundown.model.event import Body, Event, KnownBody, UnknownBody

FORMAT = 1
_LINE_DOMAIN = "rundown/event/1"
_CONTRACT_DOMAIN = "rundown/contract/1"


class Finding(Struct, frozen=True, kw_only=True):
    """Something wrong with a record. `seq`: the line it was seen at, counted from 0; None: the whole."""

    code: str
    message: str
    seq: int | None = None


class Head(Struct, frozen=True, kw_only=True):
    """The end of a chain: how many lines it has, and the hash of the last (of the contract if none)."""

    count: int
    hash: str


class Envelope(Struct, frozen=True, kw_only=True):
    """A line whose body was not looked into."""

    v: int
    seq: int
    at: str
    prev: str
    body: Raw


class _Tag(Struct):
    type: str


_ENVELOPE = msgspec.json.Decoder(Envelope)
_KNOWN: msgspec.json.Decoder[Body] = msgspec.json.Decoder(KnownBody)
_TAG = msgspec.json.Decoder(_Tag)
_OBJECT = msgspec.json.Decoder(dict[str, object])
_TYPES = frozenset(str(body.__struct_config__.tag) for body in KnownBody.__args__)


def line_hash(line: bytes) -> str:
    """Returns the name of a line (without line end): what the next line's `prev` must be."""
    return digest_bytes(_LINE_DOMAIN, line)


def contract_bytes(contract: Contract) -> bytes:
    """Returns the canonical form of a contract, without line end."""
    return canonical_json(contract)


def first_prev(contract: Contract | bytes) -> str:
    """Returns the `prev` of a run's first event; takes the contract or its canonical bytes."""
    stored = contract if isinstance(contract, bytes) else contract_bytes(contract)
    return digest_bytes(_CONTRACT_DOMAIN, stored)


def encode_line(event: Event) -> bytes:
    """Returns the line of an event, canonical, without line end.

    Raises:
        rfc8785.CanonicalizationError: a number or text that RFC 8785 cannot express.
    """
    body = event.body.raw if isinstance(event.body, UnknownBody) else event.body
    return canonical_json({"v": event.v, "seq": event.seq, "at": event.at, "prev": event.prev, "body": body})


def decode_line(line: bytes) -> Event:
    """Returns the event of a line. A body of a type not known here becomes `UnknownBody`.

    Raises:
        msgspec.DecodeError: this is not an event, or its known body does not have the right fields.
    """
    try:
        envelope = _ENVELOPE.decode(line)
        body = _decode_body(envelope.body)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
    return Event(v=envelope.v, seq=envelope.seq, at=envelope.at, prev=envelope.prev, body=body)


def _decode_body(raw: Raw) -> Body:
    kind = _TAG.decode(raw).type
    if kind in _TYPES:
        return _KNOWN.decode(raw)
    return UnknownBody(type=kind, raw=_OBJECT.decode(raw))


def is_canonical(line: bytes) -> bool:
    """Returns whether a line is the RFC 8785 form of what it says."""
    try:
        return canonical_json(msgspec.json.decode(line)) == line
    except (ValueError, RecursionError):
        return False


def verify_lines(contract: bytes, lines: Iterable[bytes], head: Head | None = None) -> tuple[Finding, ...]:
    """Returns everything that is wrong with a log, in order; empty if it is whole.

    `contract` is the stored canonical form. `lines` come without line ends, a torn tail not among them.
    Without `head` a change of the last line, and lines missing at the end, cannot be seen.
    """
    return tuple(_findings(contract, lines, head))


def _findings(contract: bytes, lines: Iterable[bytes], head: Head | None) -> Iterator[Finding]:
    if not is_canonical(contract):
        yield Finding(code="record/contract-damaged", message="the contract is not in canonical form")
    expected, count = first_prev(contract), 0
    for line in lines:
        yield from _line_findings(count, line, expected)
        expected, count = line_hash(line), count + 1
        if head is not None and count == head.count and expected != head.hash:
            yield Finding(
                code="record/head-differs",
                message="the log does not lead to the head that is on record",
                seq=count - 1,
            )
    if head is not None and count < head.count:
        yield Finding(
            code="record/lines-missing",
            message=f"the log has {count} lines; {head.count} are on record",
            seq=count,
        )


def _line_findings(seq: int, line: bytes, expected: str) -> Iterator[Finding]:
    try:
        event = decode_line(line)
    except msgspec.DecodeError as error:
        yield Finding(code="record/line-damaged", message=f"this is not an event: {error}", seq=seq)
        return
    if event.v != FORMAT:
        yield Finding(code="record/format", message=f"this event has format {event.v}, not {FORMAT}", seq=seq)
    if event.seq != seq:
        yield Finding(
            code="record/sequence", message=f"number {event.seq} stands where {seq} belongs", seq=seq
        )
    if event.prev != expected:
        what = "contract" if seq == 0 else "line before it"
        yield Finding(
            code="record/chain-broken", message=f"this event was not written after the {what}", seq=seq
        )
    if not is_canonical(line):
        yield Finding(code="record/not-canonical", message="this line is not in canonical form", seq=seq)
