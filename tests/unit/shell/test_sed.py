"""Which sed scripts only edit text."""

import pytest

from rundown.shell.sed import dangerous_sed


@pytest.mark.parametrize(
    "script",
    [
        "s/a/b/",
        "s/e/w/g",
        "s|/|\\||2",
        "1,5p",
        "$!N",
        "/x/,/y/d",
        "/[^]x]y/d",
        "s/[[:space:]]*$//",
        "s/[[:alpha:]_]x/y/",
        "y/abc/xyz/",
        "1i\\\ntext with e and w",
        "a text e",
        ":top;s/x/y/;ttop",
        "/^#/d;/^$/d",
        "{/a/{s/b/c/;d}}",
        "0~3d",
        "2,+3{p;q}",
        "\\,e,d",
        "# w file",
        "s/a/\n/",
        "",
    ],
)
def test_a_script_that_only_edits_is_harmless(script: str) -> None:
    assert dangerous_sed(script) is None


@pytest.mark.parametrize(
    "script",
    [
        "e",
        "1e id",
        "e id",
        "s/a/b/e",
        "s/a/b/ge",
        "s/a/b/w f",
        "s/a/b/2w f",
        "w f",
        "/x/w f",
        "1W f",
        "p;w f",
        "{e\n}",
        "s,a,b,e",
        "/a/e id",
        "$!e id",
        "1,2e",
        "s/a",
        "y/a/",
        "k",
        "/[/]x/d",
        "s/[/]/p;#/e",
        "s/[[:space:]/]/p;#/e",
        "s/[^/]/p;#/e",
        "s/[]/]/p;#/e",
        "s/a/b/z",
        "/a",
        "a text\ne id",
        "# c\ne id",
    ],
)
def test_a_script_that_starts_or_writes_or_is_odd_is_not(script: str) -> None:
    assert dangerous_sed(script) is not None
