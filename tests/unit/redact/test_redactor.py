"""What comes out of a redactor, whole and in pieces."""

import base64
import html
import json
import shlex
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.redact.redactor import Redactor

_VALUE = "s3cr3t/p@ss \"w0rd'+=é"
_KEY = "\n".join(
    ["-----BEGIN OWN FORMAT-----", *("QUJD" * 4 + str(line) * 12 for line in range(4)), "-----END-----"]
)


def _json_in_json(text: str) -> str:
    return json.dumps(json.dumps(text))[3:-3]


@pytest.mark.parametrize(
    "spell",
    [
        str,
        urllib.parse.quote,
        urllib.parse.quote_plus,
        lambda text: urllib.parse.quote(text, safe=""),
        lambda text: urllib.parse.quote(text, safe="").replace("%", "%25"),
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
        _json_in_json,
        lambda text: shlex.quote(text)[1:-1],
        html.escape,
        lambda text: ascii(text)[1:-1],
        lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
        lambda text: "".join(f"&#x{ord(letter):x};" if letter in "/@'" else letter for letter in text),
        lambda text: text.replace("é", "\\303\\251").replace('"', '\\"'),
        str.lower,
        str.upper,
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex().upper(),
        lambda text: text.encode().hex(":"),
        lambda text: text.encode().hex(" ").upper(),
        lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
        lambda text: "".join(f"\\x{byte:02X}" for byte in text.encode()),
        lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    ],
)
def test_a_value_is_found_in_every_spelling(spell: Callable[[str], str]) -> None:
    assert Redactor({"A_KEY": _VALUE}).redact_text(f"<{spell(_VALUE)}>") == "<[REDACTED:A_KEY]>"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_value_is_found_in_wide_characters(encoding: str) -> None:
    redacted = Redactor({"A_KEY": _VALUE}).redact_bytes(b"<" + _VALUE.encode(encoding) + b">")
    assert redacted == b"<[REDACTED:A_KEY]>"


@pytest.mark.parametrize("in_front", ["", "a", "ab", "user:"])
@pytest.mark.parametrize("behind", ["", "z", "zz", ":rest"])
def test_a_value_is_found_in_base64_of_a_longer_text(in_front: str, behind: str) -> None:
    text = base64.b64encode(f"{in_front}{_VALUE}{behind}".encode()).decode()
    redacted = Redactor({"A_KEY": _VALUE}).redact_text(f"Authorization: Basic {text}\n")
    assert redacted.count("[REDACTED:A_KEY]") == 1
    left = redacted.replace("[REDACTED:A_KEY]", "").removeprefix("Authorization: Basic ").strip("=\n")
    assert len(left) <= -(-len(in_front) * 8 // 6) + -(-len(behind) * 8 // 6)


@pytest.mark.parametrize("width", [5, 19, 60, 76])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\n    "])
def test_a_value_is_found_in_wrapped_base64_and_hex(width: int, line_end: str) -> None:
    value = _VALUE * 4
    for text in (base64.b64encode(value.encode()).decode().rstrip("="), value.encode().hex()):
        wrapped = line_end.join(text[at : at + width] for at in range(0, len(text), width))
        assert Redactor({"A_KEY": value}).redact_text(f"x: {wrapped}.") == "x: [REDACTED:A_KEY]."


@pytest.mark.parametrize("prefix", ["", "+", "-", "> ", "    ", "\t", "+    "])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_value_of_several_lines_is_found_behind_line_prefixes(prefix: str, line_end: str) -> None:
    text = line_end.join(f"{prefix}{line}" for line in _KEY.split("\n"))
    assert Redactor({"OWN_KEY": _KEY + "\n"}).redact_text(text) == f"{prefix}[REDACTED:OWN_KEY]"


def test_single_words_of_a_value_of_several_lines_are_found_alone() -> None:
    line = _KEY.split("\n")[2]
    assert Redactor({"OWN_KEY": _KEY}).redact_text(f"+{line}\n") == "+[REDACTED:OWN_KEY]\n"


def test_the_longest_of_several_values_wins() -> None:
    redactor = Redactor({"SHORT_KEY": "longsecret", "LONG_KEY": "longsecret-of-more"})
    assert redactor.redact_text("longsecret longsecret-of-more longsecret-of-") == (
        "[REDACTED:SHORT_KEY] [REDACTED:LONG_KEY] [REDACTED:SHORT_KEY]-of-"
    )


def test_values_that_overlap_are_both_taken_out_whole() -> None:
    redactor = Redactor({"A_KEY": "abcdefghij", "B_KEY": "ghijklmnop"})
    assert redactor.redact_text("<abcdefghijklmnop>") == "<[REDACTED:A_KEY][REDACTED:B_KEY]>"


def test_values_under_eight_bytes_stay_and_are_named() -> None:
    redactor = Redactor({"PIN_KEY": "1234567", "É_KEY": "éééé", "B_KEY": " 1234567 \n", "EMPTY_KEY": ""})
    assert (redactor.skipped, redactor.redact_text("1234567 éééé")) == (
        ("B_KEY", "EMPTY_KEY", "PIN_KEY"),
        "1234567 [REDACTED:É_KEY]",
    )


def test_white_space_at_the_ends_is_no_part_of_a_value() -> None:
    assert Redactor({"A_KEY": "from-a-file\n"}).redact_text("from-a-file,") == "[REDACTED:A_KEY],"


def test_only_what_may_be_a_secret_is_held_back() -> None:
    stream = Redactor({"A_KEY": "hunter2hunter2"}).stream()
    assert [
        stream.feed(b"Password: "),
        stream.feed(b"is hun"),
        stream.feed(b"ter2hun"),
        stream.feed(b"gr."),
        stream.flush(),
    ] == [
        b"Password: ",
        b"is ",
        b"",
        b"hunter2hungr.",
        b"",
    ]


def test_the_end_of_a_stream_gives_back_what_was_held() -> None:
    stream = Redactor({"A_KEY": "hunter2hunter2"}).stream()
    assert stream.feed(b"hunter2h") + stream.flush() + stream.flush() == b"hunter2h"


def test_a_value_in_bytes_that_are_not_text_is_found() -> None:
    redactor = Redactor({"A_KEY": b"odd\xff\xfebytes".decode("utf-8", "surrogateescape")})
    assert redactor.redact_bytes(b"\x00\xc3odd\xff\xfebytes\xc3") == b"\x00\xc3[REDACTED:A_KEY]\xc3"


def test_lone_surrogates_come_through() -> None:
    redactor = Redactor({"A_KEY": "hunter2hunter2"})
    assert [redactor.redact_text(text) for text in ("a\udcff hunter2hunter2", "b\ud800 hunter2hunter2")] == [
        "a\udcff [REDACTED:A_KEY]",
        "b\ud800 [REDACTED:A_KEY]",
    ]


_REDACTOR = Redactor({"A_KEY": _VALUE, "OWN_KEY": _KEY, "B_KEY": "aaaaaaaaab", "C_KEY": "abababab"})
_SPELLED = [
    _VALUE.encode(),
    _KEY.encode(),
    _KEY.replace("\n", "\r\n+ ").encode(),
    base64.b64encode(_VALUE.encode()),
    _VALUE.encode().hex().encode(),
    urllib.parse.quote(_VALUE).encode(),
    json.dumps(_VALUE).encode(),
    b"aaaaaaaaab",
    b"abababab",
    b"ghp_" + b"x" * 36,
    b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklm",
    b"-----BEGIN RSA PRIVATE KEY-----\n"
    + b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0\n" * 3
    + b"QQ==\n-----END RSA PRIVATE KEY-----",
]
_PIECES = st.one_of(
    st.sampled_from(_SPELLED),
    st.sampled_from(_SPELLED).flatmap(lambda text: st.integers(0, len(text)).map(lambda size: text[:size])),
    st.sampled_from(_SPELLED).flatmap(lambda text: st.integers(0, len(text)).map(lambda size: text[size:])),
    st.binary(max_size=6),
    st.sampled_from([b"a", b"b", b"\n", b"-", b"\\", b"%", b" ", b"\r"]),
)
_STREAMS = st.lists(_PIECES, max_size=8).map(b"".join)


@given(_STREAMS, st.data())
def test_no_cut_of_a_stream_changes_what_comes_out(content: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=12)))
    stream = _REDACTOR.stream()
    pieces = [
        stream.feed(content[start:end]) for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)
    ]
    assert b"".join(pieces) + stream.flush() == _REDACTOR.redact_bytes(content)


@given(_STREAMS)
def test_no_value_comes_out_even_byte_by_byte(content: bytes) -> None:
    stream = _REDACTOR.stream()
    out = b"".join(stream.feed(bytes([byte])) for byte in content) + stream.flush()
    assert [text for text in _SPELLED[:8] if text in out] == []


@given(st.text(min_size=8), st.text(max_size=5), st.text(max_size=5))
def test_any_value_is_found_in_any_place(value: str, in_front: str, behind: str) -> None:
    wanted = value.strip()
    if len(wanted.encode("utf-8", "surrogatepass")) >= 8:
        redacted = Redactor({"X_KEY": value}).redact_text(f"{in_front}{wanted}{behind}")
        assert "[REDACTED:X_KEY]" in redacted
        assert wanted not in redacted.replace("[REDACTED:X_KEY]", "\0")


@given(st.text(alphabet=st.characters(blacklist_characters="s3aAc6é", blacklist_categories=("Cs",))))
def test_text_without_a_value_comes_out_byte_for_byte(text: str) -> None:
    redactor = Redactor({"A_KEY": _VALUE})
    if "PRIVATE KEY" not in text:
        assert redactor.redact_text(text) == text


@given(st.binary(max_size=300))
def test_bytes_without_a_value_come_out_as_they_are(content: bytes) -> None:
    assert Redactor({"A_KEY": _VALUE}).redact_bytes(content) == content
