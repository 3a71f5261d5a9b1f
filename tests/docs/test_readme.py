"""What the documents show is what happens."""

import subprocess

import pytest

from tests.docs.examples import Command, examples_in, unmatched
from tests.support.patience import RUN_SECONDS
from tests.support.project import bare_environment, copy_project
from tests.support.sources import ROOT

DOCUMENTS = [path for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))) if examples_in(path)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_prints_what_the_document_shows_and_ends_as_it_says(document, tmp_path):
    place = copy_project(tmp_path / "project")
    wrong = [told for command in examples_in(document) if (told := _run(command, place))]
    assert not wrong, "\n\n".join(wrong)


def _run(command: Command, place) -> str:
    """Returns what differs from the document, "" if nothing does."""
    ran = subprocess.run(
        ["bash", "-c", command.text],
        cwd=place,
        env=bare_environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_SECONDS,
        start_new_session=True,
    )
    missing = unmatched(command.expected, ran.stdout)
    if ran.returncode == command.status and missing is None:
        return ""
    told = f"line {command.line}: $ {command.text}\nstatus {ran.returncode}, documented {command.status}"
    return f"{told}\nfirst line not printed: {missing!r}\nprinted:\n{ran.stdout}"


def test_the_readme_has_examples_that_are_run():
    assert len(examples_in(ROOT / "README.md")) >= 3


@pytest.mark.parametrize(
    ("expected", "printed", "first_missing"),
    [
        (["one", "three"], "one\ntwo\nthree\n", None),
        (["three", "one"], "one\ntwo\nthree\n", "one"),
        (["took … ms"], "  took 12.5 ms\n", None),
        (["…", "two"], "one\ntwo\n", None),
        (["a.c"], "abc\n", "a.c"),
    ],
)
def test_output_is_compared_line_by_line_in_order(expected, printed, first_missing):
    assert unmatched(expected, printed) == first_missing


def test_commands_status_and_output_are_read_from_a_fence(tmp_path):
    document = tmp_path / "sample.md"
    document.write_text(
        "# Title\n\n```console run exit=3\n$ true\n$ echo a \\\n  b\na b\n```\n\n```console\n$ no\n```\n"
    )
    assert examples_in(document) == [
        Command("true", 4),
        Command("echo a \\\n  b", 5, ["a b"], 3),
    ]
