"""Keeps lasting grants: personal ones outside the checkout, the project's in its own document.

Personal grants hang on the root's real path and on the digest of the documents: a changed policy is asked
about anew. A project's document is edited in place, comments kept, and replaced whole; what was trusted
before stays trusted with the one entry more.
"""

import os
import stat
from pathlib import Path

import msgspec
from msgspec import Struct

from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import digest_bytes
from rundown.model.policy import Grant, LayerKind
from rundown.policy.discover import discover
from rundown.policy.document import decode_node
from rundown.policy.edit import Entry, add_grant
from rundown.policy.files import read_private, replace_file, update_private
from rundown.policy.load import Loaded
from rundown.policy.trust import is_trusted, record_trust

PROJECT_DOCUMENT = ".rundownrc.yaml"


class _Personal(Struct, frozen=True, kw_only=True):
    root: str = ""
    documents: str = ""
    grants: tuple[Grant, ...] = ()


class Keeper(Struct, frozen=True, kw_only=True):
    """Where the lasting grants of one project go. `root` and `state_dir` are real paths."""

    root: str
    state_dir: str
    loaded: Loaded

    def personal(self) -> tuple[Grant, ...]:
        """Returns this user's grants for this root, none if the policy changed since they were given."""
        stored = _decode(read_private(self._file()))
        return stored.grants if self._is_current(stored) else ()

    def keep_personal(self, grant: Grant) -> str:
        """Stores one personal grant; returns the file it is kept in.

        Raises: InvalidInputError if the grant cannot last; OSError if it cannot be written.
        """
        _require_lasting(grant)

        def change(old: bytes | None) -> bytes:
            stored = _decode(old)
            earlier = stored.grants if self._is_current(stored) else ()
            grants = (*(item for item in earlier if item != grant), grant)
            return _encode(_Personal(root=self.root, documents=self.loaded.documents_digest, grants=grants))

        update_private(self._file(), change)
        return str(self._file())

    def forget_personal(self, pattern: str | None = None) -> int:
        """Removes this root's personal grants (`pattern` None: all of them); returns how many went.

        Raises: OSError if the store cannot be written.
        """
        stored = _decode(read_private(self._file()))
        kept = tuple(item for item in stored.grants if pattern is not None and item.pattern != pattern)
        if len(kept) < len(stored.grants):
            fresh = msgspec.structs.replace(stored, grants=kept)
            update_private(self._file(), lambda _: _encode(fresh))
        return len(stored.grants) - len(kept)

    def keep_for_project(self, grant: Grant, runbook: str, granted_at: str) -> str:
        """Writes a grant into the project's document (made if there is none); returns its name.

        `runbook`: the only one it is for, "" for all. `granted_at`: now, in RFC 3339.
        Raises: InvalidInputError if the grant cannot last or the document cannot be edited; OSError.
        """
        path, name, old, new = self._draft(grant, runbook, granted_at)
        mode = stat.S_IMODE(path.stat().st_mode) if old is not None else 0o644
        now = self._digest()  # as this run has it, or with what a person allowed in this run before
        unchanged = now == self._loaded_digest() or is_trusted(self.state_dir, self.root, now)
        replace_file(path, new, mode)
        if unchanged and self.loaded.trusted in ("no document", "only tightens", "recorded"):
            record_trust(self.state_dir, self.root, self._digest())
        return name

    def name_for_project(self, grant: Grant, runbook: str, granted_at: str) -> str:
        """Returns what `keep_for_project` would, and writes nothing. Raises: the same."""
        return self._draft(grant, runbook, granted_at)[1]

    def _draft(self, grant: Grant, runbook: str, granted_at: str) -> tuple[Path, str, bytes | None, bytes]:
        """Returns the document, its name, what it holds and what it would hold."""
        _require_lasting(grant)
        path, name = self._document()
        old = path.read_bytes() if path.exists() else None
        return path, name, old, add_grant(old, name, _entry(grant, runbook, granted_at))

    def _document(self) -> tuple[Path, str]:
        if self.loaded.trusted == "named":
            if not self.loaded.project_file:
                raise InvalidInputError(
                    _refusal("the policy in force is no file", "edit it where it comes from")
                )
            return Path(self.loaded.project_file), self.loaded.sources[0]
        found, problems = discover(self.root, os.getuid())
        if problems:
            raise InvalidInputError(*problems)
        if found is None:
            return Path(self.root, PROJECT_DOCUMENT), PROJECT_DOCUMENT
        return Path(found.real), found.file

    def _digest(self) -> str:
        """The digest of the project's document as it is now, "" if there is none."""
        found, _ = discover(self.root, os.getuid())
        decoded = decode_node(found.node, LayerKind.PROJECT)[0] if found else None
        return decoded.digest if decoded else ""

    def _loaded_digest(self) -> str:
        """The digest of the project's document as this run has it: what was trusted, and no more."""
        mine = (item.digest for item in self.loaded.decoded if item.kind is LayerKind.PROJECT)
        return next(mine, "")

    def _is_current(self, stored: _Personal) -> bool:
        return (stored.root, stored.documents) == (self.root, self.loaded.documents_digest)

    def _file(self) -> Path:
        name = digest_bytes("rundown/grants/1", os.fsencode(self.root)).removeprefix("sha256:")
        return Path(self.state_dir, "grants", f"{name[:32]}.json")


def can_last(grant: Grant) -> bool:
    """Whether a grant means the same thing tomorrow: not that of text known only when it runs."""
    return grant.digest is None and not grant.everything


def _require_lasting(grant: Grant) -> None:
    if not can_last(grant):
        raise InvalidInputError(
            _refusal(f"`{grant.pattern}` cannot be allowed for good", "allow it for this session")
        )


def _refusal(message: str, fix: str) -> Diagnostic:
    return Diagnostic(code="policy/not-lasting", message=message, fix=fix)


def _entry(grant: Grant, runbook: str, granted_at: str) -> Entry:
    entry = {"type": grant.capability.value, "pattern": grant.pattern, "scope": "permanent"}
    return entry | ({"runbook": runbook} if runbook else {}) | {"granted_at": granted_at}


def _decode(content: bytes | None) -> _Personal:
    try:
        return msgspec.json.decode(content or b"{}", type=_Personal)
    except msgspec.MsgspecError:
        return _Personal()


def _encode(stored: _Personal) -> bytes:
    return msgspec.json.format(msgspec.json.encode(stored)) + b"\n"
