"""The job summary: a table of steps in which no text of the run is Markdown or HTML."""

from rundown.model.event import RunFinished
from rundown.render.job_summary import render_job_summary
from tests.unit.render.test_cases import FAILED, ONE, PASSED, STARTED, TWO, ended, read


def test_each_step_has_a_row_and_what_is_missing_is_told() -> None:
    reader = read(STARTED, ONE, PASSED, TWO, ended(2), FAILED, RunFinished(status="stopped", message="no"))
    page = render_job_summary([reader.report], "run x: denied\n", "version: 1\n")
    assert page.splitlines()[:6] == [
        "### a&#46;md: stopped: no",
        "",
        "| | step | took | |",
        "|---|---|---|---|",
        "| ✅ | 1 One |  |  |",
        "| ❌ | 2 Two | 0 ms | exit status 2 |",
    ]
    assert "<pre>\nrun x: denied\n</pre>" in page and "<pre>\nversion: 1\n</pre>" in page


def test_a_title_cannot_format_link_or_break_out() -> None:
    hostile = "| [x](javascript:1) <img src=x> `a` **b** @all\n# H"
    reader = read(STARTED)
    reader.report.message = hostile
    page = render_job_summary([reader.report], "</pre><script>", "")
    assert not any(
        sign in page.splitlines()[0][4:] for sign in "|[]()<>`*@#:".replace("#", "").replace(":", "")
    )
    assert "<script>" not in page and "\n# H" not in page
