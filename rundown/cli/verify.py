"""`rundown verify`: whether a receipt holds, by keys that the verifier names."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from rundown.cli.places import place_options, runs_place
from rundown.cli.screen import stream_style
from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError, RecordError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import canonical_json
from rundown.model.event import Event
from rundown.policy.protect import SIGNING_KEY_VARIABLE
from rundown.record.chain import Finding, decode_line
from rundown.record.issue import RECEIPT, file_findings, read_stored_log
from rundown.record.listing import open_run
from rundown.record.rundir import EVENTS
from rundown.record.verify import StoredLog, Verdict, Verifier, verify_receipt
from rundown.render.escape import visible
from rundown.render.receipt import render_receipt

_SHOWN = 20
_EPILOG = """\b
Examples:
  rundown verify                                   the newest run's, by your own key
  rundown verify 98f3a1b2c3d4 --key alice.pub
  rundown verify receipt.json --trusted-keys team.pub --log events.jsonl

Every claim is computed again from the log where there is one: beside the receipt, or by --log (with
contract.json beside it). Exit code: 0 it holds, 6 it does not, 2 no key was named and you have none.
"""


class _Target(Struct, frozen=True, kw_only=True):
    """What is to be verified. `folder` holds the log, None without one."""

    name: str
    stored: bytes
    folder: Path | None
    log: StoredLog | None


@click.command("verify", epilog=_EPILOG)
@click.argument("receipt", required=False, metavar="[RECEIPT|RUN]")
@click.option(
    "--key",
    "key_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A public key to trust (PEM); may be repeated. Without any: your own.",
)
@click.option(
    "--trusted-keys",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file of public keys to trust, one after the other.",
)
@click.option("--log", type=click.Path(path_type=Path), metavar="FILE", help="The run's events.jsonl.")
@click.option("--json", "as_json", is_flag=True, help="The verdict as one JSON object.")
@place_options
def command(
    receipt: str | None,
    key_files: tuple[Path, ...],
    trusted_keys: Path | None,
    log: Path | None,
    as_json: bool,
    root: Path | None,
    runs_dir: Path | None,
) -> int:
    """Check a receipt: signature, form, and everything that it says, against the log.

    RECEIPT is a file, a run's directory, or a run's id; nothing means the newest run.
    """
    keys = _trusted(key_files if trusted_keys is None else (*key_files, trusted_keys))
    target = _find(receipt, log, root, runs_dir)
    verdict = verify_receipt(target.stored, keys, target.log)
    files = _file_findings(target)
    findings = (*verdict.findings, *(files or ()))
    if as_json:
        sys.stdout.write(canonical_json(_facts(target, verdict, findings, files)).decode() + "\n")
        return RecordError.exit_code if findings else 0
    if findings:
        raise RecordError(_does_not_hold(target, findings), *_told(findings))
    assert verdict.statement is not None
    shown = render_receipt(
        verdict.statement.predicate,
        stream_style(sys.stdout),
        signed_by=verdict.signed_by,
        log_checked=verdict.log_checked,
        files_checked=files is not None,
    )
    sys.stdout.write(f"{visible(target.name)}\n{shown}")
    return 0


def _trusted(files: tuple[Path, ...]) -> tuple[Verifier, ...]:
    from rundown.record.sign import find_signing_key, load_verifying_keys

    if files:
        return tuple(
            key for file in files for key in load_verifying_keys(_read(file).decode("ascii", "replace"))
        )
    around = read_surroundings()
    own = find_signing_key(around.config, around.environ.get(SIGNING_KEY_VARIABLE))
    if own is None:
        raise InvalidInputError(
            Diagnostic(
                code="cli/no-trusted-key",
                message="no key is trusted, so no receipt can be",
                why="you have no key of your own, and one that comes with a receipt proves nothing",
                fix="--key FILE: the public key that its signer gave you (`rundown keys export`)",
            )
        )
    return (own.public,)


def _find(receipt: str | None, log: Path | None, root: Path | None, runs_dir: Path | None) -> _Target:
    path = Path(receipt) if receipt else None
    if path is not None and (path.is_file() or (path / RECEIPT).is_file()):
        path = path / RECEIPT if path.is_dir() else path
        beside = log or path.with_name(EVENTS)
        has_log = log is not None or beside.is_file()
        return _Target(
            name=str(path),
            stored=_read(path),
            folder=beside.parent if has_log else None,
            log=read_stored_log(beside) if has_log else None,
        )
    with open_run(runs_place(root, runs_dir), receipt) as directory:
        events = log or directory.path / EVENTS
        if not (directory.path / RECEIPT).exists():
            raise RecordError(_no_receipt(directory.run_id))
        return _Target(
            name=str(directory.path / RECEIPT),
            stored=directory.read_file(RECEIPT),
            folder=events.parent,
            log=read_stored_log(events),
        )


def _no_receipt(run_id: str) -> Diagnostic:
    return Diagnostic(
        code="record/no-receipt",
        message=f"run {run_id} has no receipt",
        why="it is still going on, its process was killed, or none could be signed",
        fix="a receipt is made when a process lets go of the run; for one that was killed: rundown resume",
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise InvalidInputError(
            Diagnostic(code="cli/unreadable", message=f"cannot read {path}", why=why)
        ) from error


def _file_findings(target: _Target) -> tuple[Finding, ...] | None:
    """What is wrong with the run's files; None if they are not here."""
    if target.folder is None or target.log is None or not (target.folder / "output").is_dir():
        return None
    return tuple(file_findings(target.folder, _events(target.log)))


def _events(log: StoredLog) -> Iterator[Event]:
    for line in log.lines:
        with suppress(msgspec.DecodeError):  # a finding of its own
            yield decode_line(line)


def _facts(
    target: _Target, verdict: Verdict, findings: tuple[Finding, ...], files: tuple[Finding, ...] | None
) -> dict[str, object]:
    return {
        "receipt": target.name,
        "holds": not findings,
        "findings": findings,
        "signed_by": verdict.signed_by,
        "log_checked": verdict.log_checked,
        "files_checked": files is not None,
        "statement": verdict.statement,
    }


def _does_not_hold(target: _Target, findings: tuple[Finding, ...]) -> Diagnostic:
    count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
    more = f", the first {_SHOWN} of them below" if len(findings) > _SHOWN else ""
    return Diagnostic(
        code="record/receipt-does-not-hold",
        message=f"{target.name} does not hold",
        why=f"{count}{more}",
        fix="do not rely on it: the receipt or the record was changed, or another key signed it",
    )


def _told(findings: tuple[Finding, ...]) -> Iterator[Diagnostic]:
    for item in findings[:_SHOWN]:
        where = "" if item.seq is None else f"line {item.seq + 1} of the log: "
        yield Diagnostic(code=item.code, message=f"{where}{item.message}")
