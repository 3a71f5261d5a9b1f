"""`rundown show --html`: one page from a real run, with all that is on record and nothing that is secret."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from tests.support.project import commit_all, rundown

pytestmark = pytest.mark.kernel

BOOK = """# Ship {{What}}

## 1. Build
- PASS CONTINUE
- FAIL RETRY 1 STOP

```bash
mkdir -p dist
test -e dist/once || { touch dist/once; echo "<b>first</b> try"; exit 1; }
echo "made $API_TOKEN" > dist/made.txt
cat dist/made.txt
```

## 2. Below

- below.runbook.md

## 3. Refused

```bash
curl https://refused.example/
```
"""
BELOW = "# The part below\n\n## 1. Part\n\n```bash\necho from below\n```\n"
TOKEN = "a-token-that-nobody-reads"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "dist").mkdir(parents=True)
    (folder / "ship.runbook.md").write_text(BOOK)
    (folder / "below.runbook.md").write_text(BELOW)
    commit_all(folder, "Start")
    words = ("run", "ship.runbook.md", "--allow-env", "API_TOKEN", "--input", "What=the shop")
    ran = rundown(folder, *words, environment={"API_TOKEN": TOKEN})
    assert ran.returncode == 3, ran.stderr
    return folder


def text_of(page: str) -> str:
    body = page.partition("<body>")[2]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


def test_the_page_tells_the_whole_run_and_no_secret(place: Path) -> None:
    told = rundown(place, "show", "last", "--html", "run.html")
    page = (place / "run.html").read_text()
    text = text_of(page)
    expected = (
        "Ship the shop paused: denied",
        "Build · attempt 2",
        "<b>first</b> try",
        "exit status 1",
        "made [REDACTED:API_TOKEN]",
        "+made [REDACTED:API_TOKEN]",
        "created dist/made.txt",
        "The part below runs as step 2.1 · completed",
        "from below",
        "deny run curl",
        "net refused.example:443",
        "The receipt holds",
        "every claim was computed again from the events, and is the same",
    )
    assert (told.stdout, [part for part in expected if part not in text]) == ("report: run.html\n", [])
    assert (TOKEN in page, "<script" in page, "<b>first" in page) == (False, False, False)


def test_a_changed_record_is_refused_and_a_changed_output_is_said_on_the_page(place: Path) -> None:
    runs = [path for path in (place / ".rundown/runs").iterdir() if path.is_dir()]
    outer = next(
        path for path in runs if json.loads((path / "contract.json").read_text())["parent_run"] is None
    )
    (outer / "output/1.1.log").write_text("something else\n")
    page = rundown(place, "show", "--html", "-").stdout
    assert ("The receipt does not hold" in page, "record/file-differs" in page) == (True, True)
    lines = (outer / "events.jsonl").read_text()
    (outer / "events.jsonl").write_text(lines.replace('"title":"Build"', '"title":"Burnt"'))
    refused = rundown(place, "show", "--html", "-")
    assert (refused.returncode, refused.stdout, "record/log-damaged" in refused.stderr) == (6, "", True)
