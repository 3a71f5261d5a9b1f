from tests.docs.error_codes import ROOT, page


def test_the_page_of_errors_is_what_the_source_says() -> None:
    stored = (ROOT / "docs" / "errors.md").read_text("utf-8")
    assert stored == page(), "python -m tests.docs.error_codes > docs/errors.md"
