"""What a step sees of a person's git configuration."""

from hypothesis import given
from hypothesis import strategies as st

from rundown.sandbox.gitconfig import without_credentials


def test_who_commits_is_kept_and_what_signs_in_is_not():
    text = """
[user]
\tname = Ada
\temail = ada@example.org
[credential]
\thelper = store
[credential "https://example.org"]
\tusername = ada
[http]
\textraHeader = Authorization: bearer abc
\tsslVerify = true
[http "https://example.org/"]
\tcookieFile = ~/.cookies
\tproxy = http://ada:pw@proxy
[url "https://ada:token@example.org/"]
\tinsteadOf = https://example.org/
[url "https://example.org/"]
\tinsteadOf = ex:
[github]
\ttoken = abc
[sendemail]
\tsmtpPass = abc
[includeIf "gitdir:~/work/"]
\tpath = ~/work/.gitconfig
[core]
\tpager = less ; quiet
"""
    assert without_credentials(text) == (
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[http]\n\tsslVerify = true\n"
        '[http "https://example.org/"]\n[url "https://example.org/"]\n\tinsteadOf = ex:\n[core]\n\tpager = less ; quiet\n'
    )


def test_a_value_on_the_line_of_its_section_is_judged_as_well():
    assert (
        without_credentials("[http] extraHeader = X: y\n[user] name = Ada\n")
        == "[http]\n[user]\n name = Ada\n"
    )


def test_a_value_that_goes_on_in_the_next_line_goes_or_stays_whole():
    text = "[alias]\n\tx = one \\\n\t\ttwo\n[http]\n\textraheader = a \\\nsecret\n"
    assert without_credentials(text) == "[alias]\n\tx = one \\\n\t\ttwo\n[http]\n"


@given(st.text(alphabet='[]"\\\n =#;abcHTTPextraheader', max_size=200))
def test_no_text_breaks_it_and_nothing_is_made_up(text):
    kept = without_credentials("[http]\nextraheader = SECRET\n" + text)
    assert "SECRET" not in kept
    assert set(kept) <= set(text) | set("[http]\n")
