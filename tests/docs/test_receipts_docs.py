"""docs/receipts.md: its tables are those of the types, its recipes verify a real receipt."""

import re
import shutil
import subprocess
import sys

import pytest
from markdown_it import MarkdownIt

from rundown.model.receipt import Predicate
from rundown.render.receipt import MEANINGS
from tests.support.patience import RUN_SECONDS
from tests.support.project import bare_environment, commit_all, rundown
from tests.support.running import only_run
from tests.support.sources import ROOT

DOCUMENT = ROOT / "docs" / "receipts.md"


def recipe(name: str) -> str:
    """Returns the text of the fence of that name."""
    tokens = MarkdownIt("commonmark").parse(DOCUMENT.read_text())
    (text,) = [token.content for token in tokens if token.type == "fence" and token.info.endswith(f" {name}")]
    return text


def first_cells(heading: str) -> list[str]:
    """Returns the words in code that stand in the first cells of the table under a heading row."""
    table = DOCUMENT.read_text().split(f"| {heading} | ", 1)[1].split("\n\n", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def test_every_field_of_the_predicate_has_its_row():
    assert first_cells("predicate") == list(Predicate.__struct_fields__)


def test_every_disclosure_has_its_row():
    assert [word.split()[0] for word in first_cells("disclosure")] == list(MEANINGS)


@pytest.fixture
def signed(tmp_path):
    """A folder with a receipt and the signer's public key."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "one.runbook.md").write_text("# One\n\n## 1. Do\n\n```sh\ntrue\n```\n")
    commit_all(project, "Start")
    assert rundown(project, "run", "one.runbook.md", "--non-interactive").returncode == 0
    folder = tmp_path / "signed"
    folder.mkdir()
    shutil.copy(only_run(project) / "receipt.json", folder)
    assert rundown(project, "keys", "export", "--output", folder / "signer.pub").returncode == 0
    return folder


def follow(command: list[str], folder) -> tuple[int, str]:
    ran = subprocess.run(
        command, cwd=folder, env=bare_environment(folder), capture_output=True, text=True, timeout=RUN_SECONDS
    )
    return ran.returncode, ran.stdout


@pytest.mark.kernel
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_a_receipt_and_refuses_a_changed_one(signed):
    command = ["sh", "-c", recipe("openssl")]
    assert follow(command, signed) == (0, "Signature Verified Successfully\n")
    receipt = signed / "receipt.json"
    receipt.write_text(receipt.read_text().replace('"payload":"eyJf', '"payload":"eyJg'))
    assert follow(command, signed)[0] == 1


@pytest.mark.kernel
def test_the_library_of_in_toto_verifies_a_receipt(signed):
    assert follow([sys.executable, "-c", recipe("securesystemslib")], signed) == (0, "complete\n")
