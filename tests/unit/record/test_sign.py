"""Signing keys: made once, private, and refused when they are not."""

import base64
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rundown.errors import RundownError
from rundown.record.sign import find_signing_key, load_signing_key, load_verifying_keys

_SEED = base64.b64encode(bytes(range(32))).decode()


def _code(act: Callable[[], object]) -> str:
    with pytest.raises(RundownError) as caught:
        act()
    return caught.value.diagnostics[0].code


def test_a_key_is_made_on_first_use_and_kept(tmp_path: Path) -> None:
    first = load_signing_key(tmp_path / "config")
    again = load_signing_key(tmp_path / "config")
    path = tmp_path / "config/signing-key.pem"
    assert (first.public.keyid, first.origin) == (again.public.keyid, str(path))
    assert [stat.filemode(item.stat().st_mode) for item in (path.parent, path)] == [
        "drwx------",
        "-rw-------",
    ]
    assert os.listdir(path.parent) == [path.name]


def test_looking_for_a_key_makes_none(tmp_path: Path) -> None:
    assert find_signing_key(tmp_path / "config") is None
    assert not (tmp_path / "config").exists()
    made = load_signing_key(tmp_path / "config")
    found = find_signing_key(tmp_path / "config")
    assert found is not None
    assert (found.public.keyid, found.origin) == (made.public.keyid, made.origin)


def test_two_users_have_two_keys(tmp_path: Path) -> None:
    assert load_signing_key(tmp_path / "a").public.keyid != load_signing_key(tmp_path / "b").public.keyid


def test_a_key_that_is_handed_in_is_used_and_nothing_is_stored(tmp_path: Path) -> None:
    made = load_signing_key(tmp_path / "made")
    pem = (tmp_path / "made/signing-key.pem").read_text()
    handed = load_signing_key(tmp_path / "config", pem)
    seeded = [load_signing_key(tmp_path / "config", _SEED).public.keyid for _ in range(2)]
    assert (handed.public.keyid, handed.origin, seeded[0]) == (
        made.public.keyid,
        "RUNDOWN_SIGNING_KEY",
        seeded[1],
    )
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    load_signing_key(tmp_path)
    (tmp_path / "signing-key.pem").chmod(mode)
    assert _code(lambda: load_signing_key(tmp_path)) == "record/key-not-private"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    load_signing_key(tmp_path)
    os.chown(tmp_path / "signing-key.pem", 4242, 4242)
    assert _code(lambda: load_signing_key(tmp_path)) == "record/key-not-private"


def test_a_linked_key_is_refused(tmp_path: Path) -> None:
    load_signing_key(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/signing-key.pem").symlink_to(tmp_path / "a/signing-key.pem")
    assert _code(lambda: load_signing_key(tmp_path / "b")) == "record/key-not-read"


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "signing-key.pem").write_bytes(other)
    (tmp_path / "signing-key.pem").chmod(0o600)
    assert _code(lambda: load_signing_key(tmp_path)) == "record/key-not-read"
    for text in (other.decode(), "short", _SEED[:-4], "-----BEGIN PRIVATE KEY-----"):
        assert _code(lambda text=text: load_signing_key(tmp_path, text)) == "record/signing-key"


def test_public_keys_are_read_one_after_the_other(tmp_path: Path) -> None:
    keys = [load_signing_key(tmp_path / name).public for name in "ab"]
    content = "# the team\n" + "".join(key.pem() for key in keys)
    assert [key.keyid for key in load_verifying_keys(content)] == [key.keyid for key in keys]


@pytest.mark.parametrize(
    "content", ["", "nothing", "-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----\n"]
)
def test_a_file_without_a_public_key_is_refused(content: str) -> None:
    assert _code(lambda: load_verifying_keys(content)) == "record/public-key"
