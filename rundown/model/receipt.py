"""`Receipt`: what a run was and did, in the form that is signed. Source: in-toto Statement v1."""

from msgspec import Struct, field

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:rundown:receipt:1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
KEY_FILE = "signing-key.pem"
"""The name of the signing key's file in the user's configuration directory."""


class Runner(Struct, frozen=True, kw_only=True):
    """Who ran it, and what kept the steps in. `isolation` is what was asked for, the rest what the host had.

    `tier` software: the signing key lies on the machine whose doings it attests to.
    """

    rundown: str
    kernel: str
    machine: str
    uid: int
    isolation: str
    landlock_abi: int
    seccomp: bool
    namespaces: bool
    cgroup: str
    tier: str = "software"


class LogHead(Struct, frozen=True, kw_only=True):
    """How many events the receipt covers, and the hash of the last."""

    count: int
    hash: str


class Predicate(Struct, frozen=True, kw_only=True):
    """Everything that the receipt claims; each list can be recomputed from the events.

    The elements of lists are objects in the shape of `rundown.record.facts`; docs/events.md describes them.
    `status`: completed, stopped, paused, running (its process died). `exit_class`: complete, failed, denied,
    no-sandbox, person-needed, expired, interrupted, died. Digests are `sha256:<hex>`.
    """

    run_id: str
    parent_run: str | None
    contract: str
    policy: str
    runner: Runner
    started_at: str
    ended_at: str
    status: str
    exit_class: str
    message: str
    log: LogHead
    steps: tuple[dict[str, object], ...]
    decisions: dict[str, int]
    asks: tuple[dict[str, object], ...]
    denials: tuple[dict[str, object], ...]
    gaps: tuple[dict[str, object], ...]
    secrets: tuple[str, ...]
    network: tuple[dict[str, object], ...]
    agents: tuple[str, ...]
    changes: tuple[dict[str, object], ...]
    violations: tuple[dict[str, object], ...]
    disclosures: tuple[str, ...]


class Subject(Struct, frozen=True, kw_only=True):
    """A file that the statement is about. `digest`: hex by algorithm."""

    name: str
    digest: dict[str, str]


class Statement(Struct, frozen=True, kw_only=True):
    """The signed payload. The first subject is the runbook, the others are files that the run left."""

    type: str = field(default=STATEMENT_TYPE, name="_type")
    subject: tuple[Subject, ...]
    predicate_type: str = field(default=PREDICATE_TYPE, name="predicateType")
    predicate: Predicate


class Signature(Struct, frozen=True, kw_only=True):
    """`sig` in base64. `keyid` is a hint only: SHA-256 of the public key's DER form, in hex."""

    keyid: str
    sig: str


class SignedEnvelope(Struct, frozen=True, kw_only=True):
    """A DSSE envelope; `payload` in base64. Source: DSSE 1.0.2, envelope.md."""

    payload: str
    payload_type: str = field(default=PAYLOAD_TYPE, name="payloadType")
    signatures: tuple[Signature, ...]
