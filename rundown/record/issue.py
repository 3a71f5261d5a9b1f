"""`issue_receipt`: signs what the log says and puts it beside the log; and reads both back to be verified."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from rundown.errors import RecordError
from rundown.model.digest import canonical_json
from rundown.model.event import ArtifactStored, Event, ProcessEnded
from rundown.model.receipt import Statement
from rundown.record.chain import Finding, Head, decode_line
from rundown.record.dsse import open_envelope
from rundown.record.events import read_lines
from rundown.record.log import EventLog
from rundown.record.problems import describe, record_problem
from rundown.record.receipt import make_statement
from rundown.record.regular import open_regular, read_regular
from rundown.record.rundir import CONTRACT, EVENTS, RunDirectory
from rundown.record.verify import StoredLog

RECEIPT = "receipt.json"
_BLOCK_BYTES = 1 << 20


class Signer(Protocol):
    """Signs a payload into a stored DSSE envelope."""

    def sign(self, payload: bytes) -> bytes: ...


def issue_receipt(rundir: RunDirectory, log: EventLog, signer: Signer) -> Path:
    """Writes the receipt of a run up to the head of its open log; a later one takes its place.

    Raises:
        RecordError: the log cannot be read or the receipt cannot be written.
    """
    events = (decode_line(line) for line in read_lines(rundir.path / EVENTS))
    statement = make_statement(log.contract, events, log.head)
    rundir.write_file(RECEIPT, signer.sign(canonical_json(statement)))
    return rundir.path / RECEIPT


def covers(rundir: RunDirectory, head: Head) -> bool:
    """Returns whether there is a receipt about all up to `head`. Says nothing about its signature."""
    try:
        opened = open_envelope(rundir.read_file(RECEIPT))
        if isinstance(opened, str):
            return False
        claimed = msgspec.json.decode(opened[1], type=Statement).predicate.log
    except (RecordError, msgspec.DecodeError):
        return False
    return (claimed.count, claimed.hash) == (head.count, head.hash)


def read_stored_log(events: Path) -> StoredLog:
    """Returns a log and the contract that lies beside it, as `verify_receipt` takes them.

    Raises:
        RecordError: one of them cannot be read.
    """
    contract = events.with_name(CONTRACT)
    try:
        terms = read_regular(contract)
    except OSError as error:
        raise record_problem("log-not-read", f"cannot read {contract}", why=describe(error)) from error
    return StoredLog(contract=terms.removesuffix(b"\n"), lines=tuple(read_lines(events)))


def file_findings(folder: Path, events: Iterable[Event]) -> Iterator[Finding]:
    """Yields a finding for each output or artefact below `folder` that is not what its event says."""
    for event in events:
        match event.body:
            case ProcessEnded(output=name, output_digest=digest) | ArtifactStored(file=name, digest=digest):
                found = _digest_of(folder, name)
                if found != digest:
                    what = "is missing" if found is None else "is not what was written"
                    yield Finding(code="record/file-differs", message=f"{name} {what}", seq=event.seq)
            case _:
                pass


def _digest_of(folder: Path, name: str) -> str | None:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        return None
    digest = hashlib.sha256()
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError:
        return None
    return f"sha256:{digest.hexdigest()}"
