"""`verify_receipt`: whether a receipt holds, and if not, everything that is wrong with it. Pure.

Trusts only keys that the verifier names; a key that comes with a receipt proves nothing. Every claim is
computed again from the events; where there is no log, only the signature and the form are judged, and
`Verdict.log_checked` says so.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from rundown.model.digest import canonical_json
from rundown.model.receipt import PREDICATE_TYPE, STATEMENT_TYPE, SignedEnvelope, Statement
from rundown.record.chain import Finding, Head, decode_line, first_prev, line_hash, verify_lines
from rundown.record.dsse import open_envelope
from rundown.record.receipt import make_statement
from rundown.record.requests import check_requests


class Verifier(Protocol):
    """A public key that the verifier trusts."""

    @property
    def keyid(self) -> str: ...

    def verifies(self, payload_type: str, payload: bytes, signature: bytes) -> bool: ...


class StoredLog(Struct, frozen=True, kw_only=True):
    """What lies beside the receipt: the contract without line end, the whole lines without line ends."""

    contract: bytes
    lines: tuple[bytes, ...]


class Verdict(Struct, frozen=True, kw_only=True):
    """The receipt holds iff there is no finding. `signed_by`: the trusted key, "" if none signed it."""

    findings: tuple[Finding, ...]
    statement: Statement | None = None
    signed_by: str = ""
    log_checked: bool = False

    @property
    def holds(self) -> bool:
        return not self.findings


def verify_receipt(stored: bytes, keys: tuple[Verifier, ...], log: StoredLog | None = None) -> Verdict:
    """Returns the verdict on the bytes of a receipt file."""
    opened = open_envelope(stored)
    if isinstance(opened, str):
        return Verdict(findings=(_finding("envelope", opened),))
    envelope, payload, signatures = opened
    findings: list[Finding] = []
    signed_by = _signer(envelope, payload, signatures, keys, findings.append)
    statement = _statement(payload, findings.append)
    if statement is not None and log is not None:
        findings += _log_findings(statement, log)
    return Verdict(
        findings=tuple(findings), statement=statement, signed_by=signed_by, log_checked=log is not None
    )


def _signer(
    envelope: SignedEnvelope,
    payload: bytes,
    signatures: tuple[bytes, ...],
    keys: tuple[Verifier, ...],
    found: Callable[[Finding], None],
) -> str:
    if len(signatures) != 1:
        found(_finding("signature", f"the envelope has {len(signatures)} signatures, not one"))
        return ""
    for key in keys:
        if key.verifies(envelope.payload_type, payload, signatures[0]):
            if envelope.signatures[0].keyid != key.keyid:
                found(_finding("key-id", "the envelope names another key than the one that signed it"))
            return key.keyid
    what = "none of the trusted keys" if keys else "no key is trusted, so none"
    found(_finding("signature", f"{what} made this signature"))
    return ""


def _statement(payload: bytes, found: Callable[[Finding], None]) -> Statement | None:
    try:
        statement = msgspec.json.decode(payload, type=Statement)
        is_canonical = canonical_json(msgspec.json.decode(payload)) == payload
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        found(_finding("statement", f"the payload is no receipt: {error}"))
        return None
    if (statement.type, statement.predicate_type) != (STATEMENT_TYPE, PREDICATE_TYPE):
        found(_finding("statement", f"the payload is a {statement.predicate_type}"))
        return None
    if not is_canonical:
        found(_finding("statement", "the payload is not in canonical form"))
    return statement


def _log_findings(statement: Statement, log: StoredLog) -> Iterator[Finding]:
    claimed = statement.predicate.log
    yield from verify_lines(log.contract, log.lines, Head(count=claimed.count, hash=claimed.hash))
    if len(log.lines) > claimed.count:
        yield _finding(
            "log-goes-on", f"the log has {len(log.lines)} events; the receipt covers {claimed.count} of them"
        )
    covered = log.lines[: claimed.count]
    try:
        events = tuple(decode_line(line) for line in covered)
        head = Head(count=len(covered), hash=line_hash(covered[-1]) if covered else first_prev(log.contract))
        computed = make_statement(log.contract, events, head)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        yield _finding("log-not-read", f"the claims cannot be computed again: {error}")
        return
    yield from _differences(statement, computed)
    yield from check_requests(events)


def _differences(claimed: Statement, computed: Statement) -> Iterator[Finding]:
    if claimed.subject != computed.subject:
        yield _finding("claim-differs", "subject: the files named are not those of the log")
    for name in claimed.predicate.__struct_fields__:
        said, found = getattr(claimed.predicate, name), getattr(computed.predicate, name)
        if said != found:
            yield _finding(
                "claim-differs", f"{name}: the receipt says {_short(said)}, the log {_short(found)}"
            )


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:79]}…"


def _finding(code: str, message: str) -> Finding:
    return Finding(code=f"record/{code}", message=message)
