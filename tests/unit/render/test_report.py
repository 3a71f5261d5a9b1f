"""The HTML page: everything escaped, nothing loaded, nothing run, output with its colours."""

from html.parser import HTMLParser
from importlib import resources

from rundown.render.report import (
    Bar,
    DecisionRow,
    Fact,
    FileRow,
    Mark,
    ReceiptView,
    Report,
    RunView,
    Span,
    StepView,
    diff_spans,
    output_spans,
    render_report,
)

TEMPLATE = resources.files("rundown.render").joinpath("report.html.j2").read_text("utf-8")
EVIL = "</pre><script>alert(1)</script>\"'><img src=x onerror=y>&amp;\u202e\x1b[2J"


class Reading(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page(evil: str) -> str:
    """A report with `evil` in every text that comes from outside."""
    row = DecisionRow(outcome="deny", capability=evil, resource=evil, by=evil, answer=evil)
    fact, file = Fact(name=evil, text=evil, code=True), FileRow(kind="created", path=evil)
    step = StepView(
        anchor="s1",
        position=evil,
        title=evil,
        tone="fail",
        ending=evil,
        duration=evil,
        bar=Bar(left=1.5, width=20),
        marks=(Mark(text=evil),),
        note=evil,
        language=evil,
        command=evil,
        decisions=(row,),
        output=(Span(text=evil), Span(text=evil, kind="c-red")),
        output_cut=evil,
        files=(file,),
        diff=(Span(text=evil, kind="diff-add"),),
        network=(row,),
        facts=(fact,),
    )
    run = RunView(
        title=evil,
        status=Mark(text=evil, tone="fail"),
        message=evil,
        facts=(fact,),
        steps=(step,),
        ticks=((0.0, evil),),
        breaks=((50.0, evil),),
        above=evil,
    )
    receipt = ReceiptView(
        tone="fail", verdict=evil, checks=(evil,), findings=(fact,), disclosures=(fact,), facts=(fact,)
    )
    return render_report(
        Report(
            runs=(run, run),
            numbers=(fact,),
            network=(row,),
            files=(file,),
            asks=(row,),
            gaps=(fact,),
            violations=(fact,),
            unseen=(evil,),
            receipt=receipt,
            made=evil,
        ),
        TEMPLATE,
    )


def read(content: str) -> Reading:
    reading = Reading()
    reading.feed(content)
    return reading


def test_no_text_from_outside_becomes_markup_and_what_hides_is_shown() -> None:
    harmless, evil = read(page("plain")), read(page(EVIL))
    assert [tag for tag, _ in evil.tags] == [tag for tag, _ in harmless.tags]
    assert ("<script>alert(1)</script>" in evil.text, "<U+202E>" in evil.text, "\\x1b[2J" in evil.text) == (
        True,
        True,
        True,
    )
    assert [char for char in "\u202e\x1b" if char in page(EVIL)] == []


def test_the_page_needs_nothing_runs_nothing_and_says_so_itself() -> None:
    tags = read(page("plain")).tags
    loading = ("src", "srcset", "data", "action", "background", "ping")
    links = [attrs["href"] for _, attrs in tags if "href" in attrs]
    active = [attrs for _, attrs in tags for name in attrs if name in loading or name.startswith("on")]
    policy = [attrs["content"] for _, attrs in tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert ([link for link in links if not str(link).startswith("#s")], active) == ([], [])
    assert {tag for tag, _ in tags} & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "img",
        "base",
    } == set()
    assert (policy[0] or "").startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "url(" not in TEMPLATE and "@import" not in TEMPLATE and "prefers-color-scheme: dark" in TEMPLATE


def test_a_step_that_did_not_pass_is_unfolded_and_one_that_passed_is_not() -> None:
    passed = StepView(
        anchor="a",
        position="1",
        title="t",
        tone="pass",
        ending="",
        duration="",
        bar=Bar(left=0, width=1),
        command="x",
    )
    run = RunView(title="r", status=Mark(text="s"), message="", facts=(), steps=(passed,))
    content = render_report(Report(runs=(run,)), TEMPLATE)
    found = [attrs for tag, attrs in (*read(content).tags, *read(page("x")).tags) if tag == "details"]
    assert ["open" in attrs for attrs in found] == [False, True, True]


def test_output_keeps_colours_that_a_page_can_follow_and_the_last_state_of_a_line() -> None:
    content = b"10%\r60%\r100%\r\n\x1b[1;31mbad\x1b[0m \x1b[38;5;208modd\x1b[0m \x1b]0;title\x07end \xff\n\n"
    spans, cut = output_spans(content)
    assert (spans, cut) == (
        (
            Span(text="100%\n"),
            Span(text="bad", kind="bold c-red"),
            Span(text=" "),
            Span(text="odd"),
            Span(text=" end �"),
        ),
        "",
    )


def test_of_very_long_output_the_middle_is_left_out_and_said() -> None:
    spans, cut = output_spans(b"begin" + b"x" * 400_000 + b"end")
    text = "".join(span.text for span in spans)
    assert (text[:5], text[-3:], len(text) < 250_000, "203,400" in cut) == ("begin", "end", True, True)


def test_lines_of_a_diff_are_told_apart() -> None:
    spans = diff_spans(b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same\n")
    assert [(span.text, span.kind) for span in spans] == [
        ("--- a/x\n", "diff-file"),
        ("+++ b/x\n", "diff-file"),
        ("@@ -1 +1 @@\n", "diff-hunk"),
        ("-old\n", "diff-del"),
        ("+new\n", "diff-add"),
        (" same\n", ""),
    ]
