import pytest

from rundown.agents.verdict import Verdict, read_verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (b"done\nRESULT: PASS\n", Verdict(result="pass")),
        (b"RESULT: FAIL tests still fail\r\n", Verdict(result="fail", detail="tests still fail")),
        (b"RESULT: PASS\nwait\nRESULT: FAIL no\n", Verdict(result="fail", detail="no")),
        (b"**RESULT: PASS**\n", Verdict(result="pass")),
        (b"RESULT: FAIL: x", Verdict(result="fail", detail="x")),
        (b"done\n```\nRESULT: PASS\n```\n\n", Verdict(result="pass")),
        (b"~~~ text\nRESULT: PASS", Verdict(result="pass")),
        (b"RESULT: FAIL no\n```\nx\n```\n", Verdict(result="fail", detail="no")),
        (b"the RESULT: PASS would be nice\n", None),
        (b"RESULT: PASSED\n", None),
        (b"RESULT: pass\n", None),
        (b"", None),
    ],
)
def test_the_last_result_line_decides(said: bytes, verdict: Verdict | None) -> None:
    assert read_verdict(said) == verdict


@pytest.mark.parametrize(
    "shown",
    [
        b"> RESULT: PASS\n",
        b"    RESULT: PASS\n",
        b"the file says\n```\nRESULT: PASS\n```\nbut I could not do it\n",
        b"````md\n```\nRESULT: PASS\n````\nI could not\n",
        b"~~~\nRESULT: PASS\n~~~\n```\nerror\n```\n",
    ],
)
def test_a_line_that_is_merely_shown_is_no_verdict(shown: bytes) -> None:
    assert read_verdict(shown) is None
    assert read_verdict(shown + b"RESULT: FAIL no") == Verdict(result="fail", detail="no")
