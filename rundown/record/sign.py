"""Signing keys and signatures: Ed25519. The key is made on first use and never leaves its file but to sign.

Refuses a key file that others may read or that belongs to another user.
"""

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from rundown.errors import InvalidInputError, RecordError
from rundown.model.diagnostic import Diagnostic
from rundown.model.receipt import KEY_FILE, PAYLOAD_TYPE
from rundown.record.dsse import pre_authentication_encoding, seal
from rundown.record.problems import describe, record_problem

_MOST_BYTES = 4096


class SigningKey:
    """A private key. `origin` says where it came from, for people."""

    def __init__(self, key: Ed25519PrivateKey, origin: str) -> None:
        self._key = key
        self.origin = origin
        self.public = VerifyingKey(key.public_key())

    def sign(self, payload: bytes) -> bytes:
        """Returns a DSSE envelope around `payload`, in stored form."""
        signature = self._key.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
        return seal(payload, self.public.keyid, signature)


class VerifyingKey:
    """A public key. `keyid` is the SHA-256 of its DER form, in hex."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.keyid = hashlib.sha256(der).hexdigest()

    def verifies(self, payload_type: str, payload: bytes, signature: bytes) -> bool:
        """Returns whether `signature` over `payload` is this key's."""
        try:
            self._key.verify(signature, pre_authentication_encoding(payload_type, payload))
        except InvalidSignature:
            return False
        return True

    def pem(self) -> str:
        """Returns the key as others take it: SubjectPublicKeyInfo in PEM."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def load_signing_key(config_dir: Path, provided: str | None = None) -> SigningKey:
    """Returns the key to sign with: the one handed in (`RUNDOWN_SIGNING_KEY`), else the user's own.

    `provided`: a PKCS #8 PEM, or the 32 bytes of a seed in base64. The user's own lies in
    `config_dir`/signing-key.pem, 0600, and is made if it is not there.

    Raises:
        InvalidInputError: what was handed in is no Ed25519 key.
        RecordError: the file cannot be read or made, is not private, or holds no Ed25519 key.
    """
    path = config_dir / KEY_FILE
    return find_signing_key(config_dir, provided) or _opened(_make(path), path)


def find_signing_key(config_dir: Path, provided: str | None = None) -> SigningKey | None:
    """Returns the key that `load_signing_key` would, None where that would have to make one.

    Raises:
        InvalidInputError: what was handed in is no Ed25519 key.
        RecordError: the file cannot be read, is not private, or holds no Ed25519 key.
    """
    if provided:
        return SigningKey(_parse_provided(provided), "RUNDOWN_SIGNING_KEY")
    path = config_dir / KEY_FILE
    content = _read_private(path)
    return _opened(content, path) if content is not None else None


def _opened(content: bytes, path: Path) -> SigningKey:
    key = _parse_pem(content)
    if key is None:
        raise record_problem(
            "key-not-read", f"{path} holds no Ed25519 key", fix="move it away: a new one is made"
        )
    return SigningKey(key, str(path))


def load_verifying_keys(content: str) -> tuple[VerifyingKey, ...]:
    """Returns the public keys of a file, one PEM block after the other.

    Raises:
        InvalidInputError: there is none, or one is no Ed25519 key.
    """
    end = "-----END PUBLIC KEY-----"
    blocks = [block + end for block in content.split(end)[:-1]]
    try:
        keys = [load_pem_public_key(block.strip().encode()) for block in blocks]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _invalid("record/public-key", "this is no public key in PEM form", str(error)) from error
    found = tuple(VerifyingKey(key) for key in keys if isinstance(key, Ed25519PublicKey))
    if not found or len(found) != len(keys):
        raise _invalid("record/public-key", "an Ed25519 public key in PEM form is needed", "")
    return found


def _parse_provided(text: str) -> Ed25519PrivateKey:
    key = _parse_pem(text.strip().encode()) if "-----BEGIN" in text else _parse_seed(text)
    if key is None:
        raise _invalid("record/signing-key", "RUNDOWN_SIGNING_KEY holds no Ed25519 key", "")
    return key


def _parse_seed(text: str) -> Ed25519PrivateKey | None:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.strip(), validate=True))
    except (ValueError, binascii.Error):
        return None


def _parse_pem(content: bytes) -> Ed25519PrivateKey | None:
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None


def _read_private(path: Path) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _key_problem(path, "read", error) from error
    try:
        facts = os.fstat(fd)
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
            raise record_problem(
                "key-not-private",
                f"{path} is not yours alone",
                why=f"it belongs to user {facts.st_uid} and has mode {facts.st_mode & 0o7777:04o}",
                fix=f"chmod 600 {path}; if others could read it, move it away: a new one is made",
            )
        return os.read(fd, _MOST_BYTES)
    finally:
        os.close(fd)


def _make(path: Path) -> bytes:
    """Puts a new key in place; if another process was faster, its key is the one."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    temporary = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return _read_private(path) or pem
        finally:
            temporary.unlink()
    except OSError as error:
        raise _key_problem(path, "make", error) from error
    return pem


def _key_problem(path: Path, verb: str, error: OSError) -> RecordError:
    return record_problem(
        f"key-not-{verb}",
        f"cannot {verb} the signing key {path}",
        why=describe(error),
        fix="set RUNDOWN_SIGNING_KEY",
    )


def _invalid(code: str, message: str, why: str) -> InvalidInputError:
    return InvalidInputError(Diagnostic(code=code, message=message, why=why))
