"""Receipts: what they claim, and that nothing of it can be changed unseen."""

import base64
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from rundown.model import event as told
from rundown.model.digest import canonical_json
from rundown.model.receipt import Runner, Statement, Subject
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import ProcessResult
from rundown.record.issue import file_findings, issue_receipt, read_stored_log
from rundown.record.log import EventLog
from rundown.record.sign import SigningKey, load_signing_key
from rundown.record.verify import StoredLog, Verdict, verify_receipt
from tests.support.records import TickingClock, a_contract, a_run

_SEED = base64.b64encode(bytes(range(32))).decode()
_OTHER_SEED = base64.b64encode(bytes(range(1, 33))).decode()
_NOWHERE = Path("/nonexistent")
_KEY = load_signing_key(_NOWHERE, _SEED)
_OTHER = load_signing_key(_NOWHERE, _OTHER_SEED)
_RUN = "019c0000-0000-7000-8000-0000000000aa"
_BODIES: tuple[told.Body, ...] = (
    told.RunStarted(run_id=_RUN, runbook_file="d.md", runbook_digest="sha256:" + "1" * 64, root="/project", rundown_version="1.0"),
    told.StepStarted(step="1", title="Build"),
    told.QuestionAsked(request="q", position="1", resources=("run jq",), answers=("allow once",), answered_by="person"),
    told.SecretReleased(position="1", name="TOKEN", form="env"),
    told.EgressAllowed(position="1", host="a.example", port=443),
    told.FileChanged(position="1", path="/project/dist/a", before=None, after="sha256:" + "4" * 64),
    told.FileChanged(position="1", path="/elsewhere/b", before="sha256:" + "5" * 64, after="symlink:a"),
    told.StepFinished(step="1", result="pass", reported_by="process"),
    told.RunFinished(status="completed", message="done"),
)  # fmt: skip


def _issued(
    folder: Path, key: SigningKey = _KEY, bodies: tuple[told.Body, ...] = _BODIES
) -> tuple[bytes, StoredLog]:
    rundir = a_run(folder)
    with EventLog.create(rundir, a_contract(_RUN), TickingClock()) as log:
        for body in bodies:
            log.append(body)
        path = issue_receipt(rundir, log, key)
    return path.read_bytes(), read_stored_log(rundir.path / "events.jsonl")


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, StoredLog]:
    return _issued(tmp_path_factory.mktemp("run"))


def _codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def _payload(stored: bytes) -> dict[str, object]:
    found = json.loads(base64.b64decode(json.loads(stored)["payload"]))
    assert isinstance(found, dict)
    return found


def test_a_receipt_says_what_the_log_says(issued: tuple[bytes, StoredLog]) -> None:
    stored, log = issued
    verdict = verify_receipt(stored, (_OTHER.public, _KEY.public), log)
    assert (verdict.findings, verdict.signed_by, verdict.log_checked, verdict.holds) == (
        (),
        _KEY.public.keyid,
        True,
        True,
    )
    assert isinstance(verdict.statement, Statement)
    predicate = verdict.statement.predicate
    assert verdict.statement.subject == (
        Subject(name="deploy.runbook.md", digest={"sha256": "1" * 64}),
        Subject(name="dist/a", digest={"sha256": "4" * 64}),
    )
    assert json.loads(canonical_json(predicate)) | {"log": None, "runner": None, "contract": None} == {
        "run_id": _RUN,
        "parent_run": None,
        "contract": None,
        "policy": "sha256:" + "2" * 64,
        "runner": None,
        "started_at": "2026-09-21T14:13:20.000000Z",
        "ended_at": "2026-09-21T14:13:20.008000Z",
        "status": "completed",
        "exit_class": "complete",
        "message": "done",
        "log": None,
        "steps": [
            {"position": "1", "attempt": 1, "title": "Build", "result": "pass", "reported_by": "process"}
        ],
        "decisions": {"allow": 0, "ask": 0, "deny": 0},
        "asks": [{"position": "1", "resource": "run jq", "answer": "allow once", "answered_by": "person"}],
        "denials": [],
        "gaps": [],
        "secrets": ["TOKEN"],
        "network": [{"host": "a.example", "port": 443, "outcome": "allow"}],
        "agents": [],
        "changes": [
            {"path": "/elsewhere/b", "before": "sha256:" + "5" * 64, "after": "symlink:a"},
            {"path": "/project/dist/a", "before": None, "after": "sha256:" + "4" * 64},
        ],
        "violations": [],
        "disclosures": ["software-key"],
    }
    assert (predicate.log.count, predicate.runner) == (
        9,
        Runner(
            rundown="1.0",
            kernel="6.1",
            machine="x86_64",
            uid=1000,
            isolation="default",
            landlock_abi=4,
            seccomp=True,
            namespaces=True,
            cgroup="v2",
        ),
    )


def test_a_receipt_can_be_judged_without_its_log(issued: tuple[bytes, StoredLog]) -> None:
    verdict = verify_receipt(issued[0], (_KEY.public,))
    assert (verdict.holds, verdict.log_checked) == (True, False)


@pytest.mark.parametrize("keys", [(), (_OTHER.public,)])
def test_a_signature_of_no_trusted_key_does_not_hold(
    issued: tuple[bytes, StoredLog], keys: tuple[object, ...]
) -> None:
    assert _codes(verify_receipt(issued[0], keys, issued[1])) == ["record/signature"]  # type: ignore[arg-type]


@given(st.data())
def test_any_flipped_byte_of_a_receipt_is_found(issued: tuple[bytes, StoredLog], data: st.DataObject) -> None:
    changed = bytearray(issued[0])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    assert not verify_receipt(bytes(changed), (_KEY.public,)).holds


@given(st.data())
def test_any_changed_byte_of_the_log_is_found(issued: tuple[bytes, StoredLog], data: st.DataObject) -> None:
    content = bytearray(b"\n".join(issued[1].lines))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    log = StoredLog(contract=issued[1].contract, lines=tuple(bytes(content).split(b"\n")))
    assert not verify_receipt(issued[0], (_KEY.public,), log).holds


def test_each_of_ten_thousand_flips_over_log_contract_and_receipt_is_found(
    issued: tuple[bytes, StoredLog],
) -> None:
    receipt, log = issued
    content = log.contract + b"\n" + b"\n".join(log.lines)
    chance, unseen = random.Random(7), []
    for _ in range(10_000):
        at, flip = chance.randrange(len(content) + len(receipt)), chance.randrange(1, 256)
        changed = bytearray(content + receipt)
        changed[at] ^= flip
        first, *lines = bytes(changed[: len(content)]).split(b"\n")
        stored = StoredLog(contract=first, lines=tuple(lines))
        if verify_receipt(bytes(changed[len(content) :]), (_KEY.public,), stored).holds:
            unseen.append((at, flip))
    assert unseen == []


def _respelled(change: Callable[[dict[str, object]], object]) -> Callable[[bytes], bytes]:
    def respell(stored: bytes) -> bytes:
        envelope = json.loads(stored)
        change(envelope)
        return canonical_json(envelope) + b"\n"

    return respell


@pytest.mark.parametrize(
    ("respell", "code"),
    [
        (lambda stored: stored[:-1], "record/envelope"),
        (lambda stored: b" " + stored, "record/envelope"),
        (lambda stored: b"{}", "record/envelope"),
        (lambda stored: b"\xff", "record/envelope"),
        (_respelled(lambda envelope: envelope.update(extra=1)), "record/envelope"),
        (_respelled(lambda envelope: envelope.update(payloadType="text/plain")), "record/envelope"),
        (
            _respelled(lambda envelope: envelope.update(payload=str(envelope["payload"]) + "=")),
            "record/envelope",
        ),
        (_respelled(lambda envelope: envelope.update(signatures=[])), "record/signature"),
        (
            _respelled(lambda envelope: envelope["signatures"].append(envelope["signatures"][0])),
            "record/signature",
        ),  # type: ignore[attr-defined]
        (_respelled(lambda envelope: envelope["signatures"][0].update(keyid="0" * 64)), "record/key-id"),  # type: ignore[index]
    ],
)
def test_no_other_spelling_of_an_envelope_is_taken(
    issued: tuple[bytes, StoredLog], respell: Callable[[bytes], bytes], code: str
) -> None:
    assert _codes(verify_receipt(respell(issued[0]), (_KEY.public,))) == [code]


def _signed(payload: dict[str, object]) -> bytes:
    return _KEY.sign(canonical_json(payload))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("asks", []),
        ("secrets", []),
        ("network", []),
        ("changes", []),
        ("decisions", {"allow": 9}),
        ("status", "stopped"),
        ("exit_class", "failed"),
        ("contract", "sha256:0"),
        ("policy", "sha256:0"),
        ("ended_at", ""),
        ("disclosures", []),
        ("run_id", "another"),
    ],
)
def test_a_lie_that_is_signed_is_found_by_its_name(
    issued: tuple[bytes, StoredLog], name: str, value: object
) -> None:
    payload = _payload(issued[0])
    payload["predicate"][name] = value  # type: ignore[index]
    verdict = verify_receipt(_signed(payload), (_KEY.public,), issued[1])
    assert [(finding.code, finding.message.split(":")[0]) for finding in verdict.findings] == [
        ("record/claim-differs", name)
    ]


def test_a_signed_lie_about_files_is_found(issued: tuple[bytes, StoredLog]) -> None:
    payload = _payload(issued[0])
    payload["subject"] = payload["subject"][:1]  # type: ignore[index]
    assert _codes(verify_receipt(_signed(payload), (_KEY.public,), issued[1])) == ["record/claim-differs"]


def test_other_statements_are_no_receipts(issued: tuple[bytes, StoredLog]) -> None:
    payload = _payload(issued[0]) | {"predicateType": "https://slsa.dev/provenance/v1"}
    assert _codes(verify_receipt(_signed(payload), (_KEY.public,))) == ["record/statement"]
    assert _codes(verify_receipt(_KEY.sign(b"{}"), (_KEY.public,))) == ["record/statement"]


def test_a_log_that_goes_on_behind_the_receipt_is_named(
    issued: tuple[bytes, StoredLog], tmp_path: Path
) -> None:
    stored, log = issued
    rundir = a_run(tmp_path)
    (rundir.path / "contract.json").write_bytes(log.contract + b"\n")
    (rundir.path / "events.jsonl").write_bytes(b"".join(line + b"\n" for line in log.lines))
    with EventLog.open(rundir, TickingClock()) as again:
        again.append(told.RunResumed())
    longer = read_stored_log(rundir.path / "events.jsonl")
    assert _codes(verify_receipt(stored, (_KEY.public,), longer)) == ["record/log-goes-on"]
    assert _codes(
        verify_receipt(stored, (_KEY.public,), msgspec.structs.replace(log, lines=log.lines[:-1]))
    ) == [
        "record/lines-missing",
        *["record/claim-differs"] * 5,
    ]


def test_a_run_that_stopped_before_its_first_event_has_a_receipt(tmp_path: Path) -> None:
    stored, log = _issued(tmp_path, bodies=())
    verdict = verify_receipt(stored, (_KEY.public,), log)
    assert verdict.holds
    assert verdict.statement is not None
    assert verdict.statement.predicate.exit_class == "died"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("denied", "denied"),
        ("sandbox", "no-sandbox"),
        ("waiting", "person-needed"),
        ("interrupted", "interrupted"),
    ],
)
def test_a_pause_has_its_class(tmp_path: Path, reason: str, expected: str) -> None:
    stored, log = _issued(tmp_path, bodies=(*_BODIES[:2], told.RunPaused(reason=reason, position="1")))
    statement = verify_receipt(stored, (_KEY.public,), log).statement
    assert statement is not None
    assert (statement.predicate.status, statement.predicate.exit_class) == ("paused", expected)


def test_the_same_envelope_verifies_with_securesystemslib(issued: tuple[bytes, StoredLog]) -> None:
    envelope = Envelope.from_dict(json.loads(issued[0]))
    for key, holds in ((_KEY, True), (_OTHER, False)):
        public = SSlibKey.from_crypto(load_pem_public_key(key.public.pem().encode()), keyid=key.public.keyid)
        if holds:
            assert list(envelope.verify([public], 1)) == [key.public.keyid]
        else:
            with pytest.raises(VerificationError):
                envelope.verify([public], 1)


def test_outputs_that_were_changed_are_named(tmp_path: Path) -> None:
    rundir = a_run(tmp_path)
    digests = []
    for position in ("1", "2", "3"):
        with rundir.open_output(position, 1) as output:
            output.write(position.encode())
        digests.append((output.name, output.digest))
    (rundir.path / digests[1][0]).write_bytes(b"other")
    (rundir.path.parent / "outside").write_bytes(b"outside")
    outside = f"sha256:{hashlib.sha256(b'outside').hexdigest()}"
    (rundir.path / digests[2][0]).unlink()
    ended = [
        told.ProcessEnded(
            request="q",
            position="1",
            result=ProcessResult(ending="exited", status=0, duration_ns=1),
            output=name,
            output_digest=digest,
        )
        for name, digest in [*digests, ("../outside", outside)]
    ]
    events = [told.Event(seq=seq, at="", prev="", body=body) for seq, body in enumerate(ended)]
    assert [(finding.seq, finding.message) for finding in file_findings(rundir.path, events)] == [
        (1, "output/2.1.log is not what was written"),
        (2, "output/3.1.log is missing"),
        (3, "../outside is missing"),
    ]


def test_a_head_is_named_in_the_receipt(issued: tuple[bytes, StoredLog]) -> None:
    payload = _payload(issued[0])
    payload["predicate"]["log"]["count"] = 8  # type: ignore[index]
    verdict = verify_receipt(_signed(payload), (_KEY.public,), issued[1])
    assert "record/head-differs" in _codes(verdict)


def test_a_signed_payload_in_another_spelling_is_found(issued: tuple[bytes, StoredLog]) -> None:
    stored = _KEY.sign(json.dumps(_payload(issued[0])).encode())
    assert _codes(verify_receipt(stored, (_KEY.public,), issued[1])) == ["record/statement"]


@pytest.mark.parametrize(
    ("text", "digest", "codes"),
    [("ls", "", []), ("ls", "sha256:0", ["record/request-differs"]), ("ls [REDACTED:A_KEY]", "sha256:0", [])],
)
def test_a_decision_names_the_request_that_stands_beside_it(
    tmp_path: Path, text: str, digest: str, codes: list[str]
) -> None:
    request = ExecutionRequest(
        run_id=_RUN,
        position="1",
        attempt=1,
        kind="bash",
        text=text,
        argv=("/bin/bash", "-c", text),
        cwd="/project",
        env_names=(),
        operations=(),
    )
    named = digest or request.digest
    decision = told.DecisionMade(request=named, position="1", outcome="allow", rulings=(), frozen=request)
    stored, log = _issued(tmp_path, bodies=(*_BODIES[:2], decision))
    assert _codes(verify_receipt(stored, (_KEY.public,), log)) == codes
