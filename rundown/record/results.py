"""Results of runs, kept by the digest of what they say, so that they can be handed out without running again.

A result is the same if the same runbook came to the same end with the same values and the same response;
times, ids and receipts are no part of its name. What is read back is digested anew before it is believed.
"""

import base64
import os
import re
import shutil
import tempfile
import zlib
from pathlib import Path

import msgspec
from msgspec import Struct

from rundown.model.digest import canonical_json, digest_bytes, digest_value
from rundown.record.problems import describe, record_problem

PAYLOAD, RESPONSE, RECEIPT = "payload.json", "response.txt", "receipt.json"
_REF = re.compile(r"sha256:[0-9a-f]{64}\Z")
_MOST_CARRIED = 64 * 1024
_MOST_UNPACKED = 16 * 1024 * 1024


class StepResult(Struct, frozen=True, kw_only=True):
    """How one step ended."""

    position: str
    title: str
    result: str


class Result(Struct, frozen=True, kw_only=True):
    """What a run came to. `outputs`: the runbook's, JSON texts by name. `response_digest` of what its last
    command printed. `run_id` and `ended_at` say where it came from, and are no part of its ref."""

    runbook: str
    runbook_digest: str
    status: str
    message: str
    outputs: dict[str, str]
    steps: tuple[StepResult, ...]
    response_digest: str
    run_id: str = ""
    ended_at: str = ""

    @property
    def ref(self) -> str:
        """`sha256:…`: equal for equal results."""
        named = msgspec.structs.replace(self, run_id="", ended_at="", runbook="")
        return digest_value("rundown/result/1", named)


class Stored(Struct, frozen=True, kw_only=True):
    """A result with the response itself, and the receipt if there is one."""

    result: Result
    response: bytes
    receipt: bytes = b""


def digest_response(response: bytes) -> str:
    """Returns the digest that a result names its response by."""
    return digest_bytes("rundown/response/1", response)


class ResultStore:
    """One directory; a result lies in a folder of its own below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, stored: Stored) -> None:
        """Stores a result, whole or not at all; one that is there already stays.

        Raises:
            RecordError: it cannot be written.
        """
        target = self._place(stored.result.ref)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if target.is_dir():
                return
            fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
            try:
                write_result(fresh, stored)
                os.rename(fresh, target)
            except FileExistsError:
                pass  # another process kept the same one
            except OSError:
                if not target.is_dir():
                    raise
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        except OSError as error:
            raise record_problem(
                "result-not-kept", f"the result cannot be kept in {self._folder}", why=describe(error)
            ) from error

    def find(self, ref: str) -> Stored | None:
        """Returns a stored result; None if it is not there, or is not what its name says."""
        if not is_ref(ref):
            return None
        place = self._place(ref)
        try:
            result = msgspec.json.decode((place / PAYLOAD).read_bytes(), type=Result)
            response = (place / RESPONSE).read_bytes()
            receipt = (place / RECEIPT).read_bytes() if (place / RECEIPT).is_file() else b""
        except (OSError, msgspec.DecodeError):
            return None
        return _believed(Stored(result=result, response=response, receipt=receipt), ref)

    def _place(self, ref: str) -> Path:
        return self._folder / ref.removeprefix("sha256:")


def is_ref(text: str) -> bool:
    """Whether `text` could name a result."""
    return _REF.match(text) is not None


def write_result(folder: Path, stored: Stored) -> None:
    """Writes the files of a result into a folder that exists.

    Raises:
        OSError: one cannot be written.
    """
    shown = {"ref": stored.result.ref, **msgspec.to_builtins(stored.result)}
    (folder / PAYLOAD).write_bytes(canonical_json(shown) + b"\n")
    (folder / RESPONSE).write_bytes(stored.response)
    if stored.receipt:
        (folder / RECEIPT).write_bytes(stored.receipt)


def pack(stored: Stored) -> str | None:
    """Returns a result as text that `unpack` reads, without its receipt; None if that is over 64 KiB."""
    packed = base64.b64encode(zlib.compress(msgspec.json.encode((stored.result, stored.response)), 9))
    return packed.decode() if len(packed) <= _MOST_CARRIED else None


def unpack(text: str, ref: str) -> Stored | None:
    """Returns the result that `pack` wrote; None if it is not what `ref` says."""
    try:
        packed = base64.b64decode(text, validate=True)
        content = zlib.decompressobj().decompress(packed, _MOST_UNPACKED)
        result, response = msgspec.json.decode(content, type=tuple[Result, bytes])
    except (ValueError, zlib.error, msgspec.DecodeError):
        return None
    return _believed(Stored(result=result, response=response), ref)


def _believed(stored: Stored, ref: str) -> Stored | None:
    is_whole = stored.result.ref == ref and digest_response(stored.response) == stored.result.response_digest
    return stored if is_whole else None
