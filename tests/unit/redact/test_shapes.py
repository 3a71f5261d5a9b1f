"""Well-known tokens are found by their form; what only resembles them is left alone."""

import pytest

from rundown.redact.redactor import Redactor

_PEM = "-----BEGIN PRIVATE KEY-----\n" + ("A" * 64 + "\n") * 5 + "BBB=\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t=ghp_" + "a1" * 18 + "\n", "t=[REDACTED:github-token]\n"),
        ("github_pat_" + "A_9" * 20, "[REDACTED:github-token]"),
        ("glpat-" + "x" * 20, "[REDACTED:gitlab-token]"),
        ("AKIAIOSFODNN7EXAMPLE", "[REDACTED:aws-access-key]"),
        ("xoxb-123456789012-abcdefgh", "[REDACTED:slack-token]"),
        ("sk-ant-api03-" + "a-_" * 20, "[REDACTED:anthropic-key]"),
        ("sk-proj-" + "a" * 48, "[REDACTED:openai-key]"),
        ("AIza" + "b" * 35, "[REDACTED:google-key]"),
        ("npm_" + "c" * 36, "[REDACTED:npm-token]"),
        ("SG." + "d" * 22 + "." + "e" * 43, "[REDACTED:sendgrid-key]"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_efghijklm;", "Bearer [REDACTED:jwt];"),
        (f"a\n{_PEM}\nb", "a\n[REDACTED:private-key]\nb"),
        (_PEM.replace("\n", "\\n"), "[REDACTED:private-key]"),
        (_PEM.replace("\n", "\n+"), "[REDACTED:private-key]"),
        (_PEM.replace("PRIVATE", "RSA PRIVATE"), "[REDACTED:private-key]"),
        (_PEM[:120] + "\nother words", "[REDACTED:private-key]\nother words"),
    ],
)
def test_a_token_is_found_by_its_form(text: str, expected: str) -> None:
    assert Redactor({}).redact_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ghp_short",
        "risk-assessment-of-the-whole-department-and-more",
        "task-" + "a" * 40,
        "MYAKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.notajwt",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "-" * 200,
    ],
)
def test_what_only_resembles_a_token_is_left_alone(text: str) -> None:
    assert Redactor({}).redact_text(text) == text


def test_a_token_in_pieces_is_found() -> None:
    stream = Redactor({}).stream()
    out = [stream.feed(bytes([byte])) for byte in f"x {_PEM} y ghp_{'a' * 36} z".encode()]
    assert b"".join(out) + stream.flush() == b"x [REDACTED:private-key] y [REDACTED:github-token] z"
