"""Which projects' documents this user trusts: the root's real path and the digest of the policy's value.

Kept in `trust.json` under the state home, private, replaced whole. Any change of content asks again;
a change of spelling (comments, quotes, order of keys) does not.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.policy.files import read_private, update_private
from rundown.policy.loosen import Loosening


class TrustQuestion(Struct, frozen=True, kw_only=True):
    """What a person must answer before a project's document counts.

    `root`: the project root's real path. `digest` names the document's value, `source` the file as shown.
    """

    root: str
    digest: str
    source: str
    opens: tuple[Loosening, ...]


class UntrustedError(InvalidInputError):
    """A project's document opens something and nobody has trusted it yet. Ask, `record_trust`, load again."""

    def __init__(self, question: TrustQuestion) -> None:
        super().__init__(*(_diagnostic(question, item) for item in question.opens))
        self.question = question


class _Store(Struct, frozen=True, kw_only=True):
    version: int = 1
    trusted: dict[str, str] = {}


def is_trusted(state_dir: str, root: str, digest: str) -> bool:
    """Whether this user trusted exactly this policy value for this root."""
    return _decode(read_private(_file(state_dir))).trusted.get(root) == digest


def trusted_roots(state_dir: str) -> dict[str, str]:
    """Returns the digest that is trusted for each root."""
    return dict(_decode(read_private(_file(state_dir))).trusted)


def record_trust(state_dir: str, root: str, digest: str) -> None:
    """Trusts this policy value for this root, in place of an earlier one.

    Raises: OSError if the store cannot be written.
    """

    def change(old: bytes | None) -> bytes:
        return _encode(_decode(old).trusted | {root: digest})

    update_private(_file(state_dir), change)


def forget_trust(state_dir: str, root: str) -> None:
    """Trusts no policy for this root any more.

    Raises: OSError if the store cannot be written.
    """

    def change(old: bytes | None) -> bytes:
        return _encode({key: value for key, value in _decode(old).trusted.items() if key != root})

    update_private(_file(state_dir), change)


def _file(state_dir: str) -> Path:
    return Path(state_dir, "trust.json")


def _decode(content: bytes | None) -> _Store:
    try:
        return msgspec.json.decode(content or b"{}", type=_Store)
    except msgspec.MsgspecError:
        return _Store()


def _encode(trusted: dict[str, str]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(_Store(trusted=dict(sorted(trusted.items()))))) + b"\n"


def _diagnostic(question: TrustQuestion, item: Loosening) -> Diagnostic:
    return Diagnostic(
        code="policy/untrusted",
        message=f"{question.source} opens: {item.text}",
        span=item.span,
        why="a project's document comes with its checkout, and you have not trusted this one",
        fix="read it, then `rundown trust`; or --trust-project for once, or name it with --policy",
    )
