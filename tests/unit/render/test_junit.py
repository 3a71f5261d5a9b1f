"""The JUnit report: what its readers count, and that nothing printed can break it."""

import xml.etree.ElementTree as ElementTree

from rundown.model.diagnostic import Diagnostic
from rundown.model.event import RunFinished, RunPaused
from rundown.render.junit import render_junit
from tests.unit.render.test_cases import FAILED, ONE, PASSED, STARTED, TWO, ended, read


def suite_of(content: bytes) -> ElementTree.Element:
    (suite,) = ElementTree.fromstring(content)
    return suite


def test_one_case_a_step_with_its_place_its_output_and_its_time() -> None:
    reader = read(STARTED, ONE)
    reader.output(b"built\n")
    for body in (PASSED, TWO, ended(3), FAILED, RunFinished(status="stopped")):
        reader.read("2026-01-01T00:00:00.000000Z", body)
    suite = suite_of(render_junit([reader]))
    told = [
        (case.get("name"), case.get("line"), case.findtext("system-out"), [part.tag for part in case])
        for case in suite.iter("testcase")
    ]
    assert told == [
        ("1 One", "3", "built\n", ["system-out"]),
        ("2 Two", "9", None, ["failure"]),
        ("Clean", None, None, ["skipped"]),
    ]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }


def test_a_pause_is_an_error_that_says_why() -> None:
    reader = read(STARTED, TWO, RunPaused(reason="waiting", position="2", detail="a person does this"))
    (error,) = suite_of(render_junit([reader])).iter("error")
    assert (error.get("type"), error.get("message")) == ("waiting", "a person is needed: a person does this")


def test_nothing_that_is_printed_breaks_the_document() -> None:
    reader = read(STARTED, ONE)
    reader.output(b"\x00\x1b[31m]]> <a> & \xff\xed\xa0\x80 \xef\xbf\xbe\x08\r\n")
    reader.read("2026-01-01T00:00:00.000000Z", PASSED)
    (case, *_) = suite_of(render_junit([reader])).iter("testcase")
    assert (case.findtext("system-out") or "").startswith("]]> <a> & ")


def test_a_run_that_could_not_start_is_a_case_as_well() -> None:
    (error,) = suite_of(render_junit([], (Diagnostic(code="a/b", message="no"),))).iter("error")
    assert (error.get("type"), error.get("message")) == ("a/b", "no")
