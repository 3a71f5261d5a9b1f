"""One way to name a value by digest: SHA-256 over domain-separated canonical JSON.

Source: RFC 8785 (JSON Canonicalization Scheme), RFC 6234 (SHA-256).
"""

import hashlib

import msgspec
import rfc8785


def canonical_json(value: object) -> bytes:
    """Returns the RFC 8785 form of `value` (msgspec structs included), UTF-8, no line end."""
    return rfc8785.dumps(msgspec.to_builtins(value))


def digest_bytes(domain: str, content: bytes) -> str:
    """Returns `sha256:<64 hex>` of `content` under `domain`.

    The domain is prefixed with a NUL behind it, so that equal bytes in two roles never share a digest.
    """
    return "sha256:" + hashlib.sha256(domain.encode() + b"\0" + content).hexdigest()


def digest_value(domain: str, value: object) -> str:
    """Returns `digest_bytes` of the canonical JSON of `value`."""
    return digest_bytes(domain, canonical_json(value))


def digest_file(content: bytes) -> str:
    """Returns `sha256:<64 hex>` of a file's bytes as they are: sha256sum and in-toto name it alike."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
