import pytest

from rundown.agents.verdict import Verdict, read_verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (b"done\nRESULT: PASS\n", Verdict(result="pass")),
        (b"RESULT: FAIL tests still fail\r\n", Verdict(result="fail", detail="tests still fail")),
        (b"RESULT: PASS\nwait\nRESULT: FAIL no\n", Verdict(result="fail", detail="no")),
        (b"**RESULT: PASS**\n", Verdict(result="pass")),
        (b"> RESULT: FAIL: x", Verdict(result="fail", detail="x")),
        (b"the RESULT: PASS would be nice\n", None),
        (b"RESULT: PASSED\n", None),
        (b"RESULT: pass\n", None),
        (b"", None),
    ],
)
def test_the_last_result_line_decides(said: bytes, verdict: Verdict | None) -> None:
    assert read_verdict(said) == verdict
