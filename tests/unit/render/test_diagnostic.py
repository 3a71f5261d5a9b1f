from rundown.model.diagnostic import Diagnostic, Span
from rundown.render.diagnostic import render_diagnostic, render_diagnostics


def test_the_four_parts_stand_in_order() -> None:
    item = Diagnostic(
        code="policy/denied",
        message="step 2.1 may not run `rm`",
        span=Span(file="deploy.runbook.md", line=41, column=3, length=2, excerpt="  rm -rf build/"),
        why='deny "rm", built-in policy',
        fix="rundown run deploy.runbook.md --allow-run rm",
    )
    assert render_diagnostic(item) == (
        "error[policy/denied]: step 2.1 may not run `rm`\n"
        "  --> deploy.runbook.md:41:3\n"
        "   |   rm -rf build/\n"
        "   |   ^^\n"
        '  why: deny "rm", built-in policy\n'
        "  fix: rundown run deploy.runbook.md --allow-run rm"
    )


def test_text_from_outside_cannot_draw_on_the_terminal() -> None:
    item = Diagnostic(
        code="a/b", message="x\x1b[2Jy", span=Span(file="f\n.md", line=1, excerpt="\x1b]0;t\x07")
    )
    assert "\x1b" not in render_diagnostic(item)
    assert render_diagnostic(item).count("\n") == 3


def test_a_very_long_line_is_shown_around_its_column() -> None:
    span = Span(file="f.md", line=1, column=5000, length=4, excerpt="a" * 4999 + "HERE" + "b" * 5000)
    text = render_diagnostic(Diagnostic(code="a/b", message="m", span=span))
    assert "HERE" in text
    assert max(len(line) for line in text.split("\n")) < 200


def test_no_problem_gives_no_text() -> None:
    assert render_diagnostics(()) == ""
