"""DSSE: what is signed, and the one form in which an envelope is stored. Pure; knows no cryptography.

Source: DSSE 1.0.2, protocol.md (pre-authentication encoding) and envelope.md.
"""

import base64
import binascii

import msgspec

from rundown.model.digest import canonical_json
from rundown.model.receipt import PAYLOAD_TYPE, Signature, SignedEnvelope


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Returns the bytes that a signature is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, keyid: str, signature: bytes) -> bytes:
    """Returns the stored form of an envelope with one signature, with a line end."""
    signed = Signature(keyid=keyid, sig=base64.b64encode(signature).decode())
    envelope = SignedEnvelope(payload=base64.b64encode(payload).decode(), signatures=(signed,))
    return canonical_json(envelope) + b"\n"


def open_envelope(stored: bytes) -> tuple[SignedEnvelope, bytes, tuple[bytes, ...]] | str:
    """Returns the envelope, its payload and its signatures; or what is wrong with its form.

    Nothing is accepted that `seal` would have written differently: spaces, base64 tails, further members.
    """
    try:
        envelope = msgspec.json.decode(stored, type=SignedEnvelope)
        payload = base64.b64decode(envelope.payload, validate=True)
        signatures = tuple(base64.b64decode(item.sig, validate=True) for item in envelope.signatures)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, RecursionError) as error:
        return f"this is no envelope: {error}"
    again = SignedEnvelope(
        payload=base64.b64encode(payload).decode(),
        payload_type=envelope.payload_type,
        signatures=tuple(
            Signature(keyid=item.keyid, sig=base64.b64encode(signature).decode())
            for item, signature in zip(envelope.signatures, signatures, strict=True)
        ),
    )
    if canonical_json(again) + b"\n" != stored:
        return "the envelope is not in its canonical form"
    if envelope.payload_type != PAYLOAD_TYPE:
        return f"the payload is of type {envelope.payload_type}"
    return envelope, payload, signatures
