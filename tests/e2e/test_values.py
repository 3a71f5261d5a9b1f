"""Values stay data: into a step by templates, out of it by files, whatever they hold."""

import json

import pytest

from tests.support.project import rundown
from tests.support.runs import kinds, log_of, reports, standings

pytestmark = pytest.mark.kernel

SAY = "say.runbook.md"
HOSTILE = {
    "plain": "word",
    "empty": "",
    "blanks": "  two  words  ",
    "substitution": "$(touch pwned) `touch pwned` ${HOME} $HOME",
    "quotes": """it's "quoted" \\" \\' \\\\""",
    "breakout": '"; touch pwned; "',
    "single": "'; touch pwned; '",
    "lines": "one\ntwo\n\nthree",
    "comment": "# no comment",
    "option": "--version",
    "glob": "* ? [a-z] ~ {a,b}",
    "redirect": "> pwned | touch pwned & wait",
    "here": "EOF\ntouch pwned\nEOF",
    "braces": "{{Other}} ${__rd_0} $__rd_1",
    "unicode": "naïve 日本 \u202e🚀",
    "escape": "\x1b[2J\x07\ttab",
    "history": "!! !$",
    "number": "-007",
}
SHELL = """## 1. Into the shell

```bash
take() { printf '%s|' "$#" "$@"; }
take {{Value}} > word
take "{{Value}}" > quoted
take "<{{Value}}>" "{{Value}}" > twice
cat > here <<EOF
{{Value}}
EOF
sh -c 'printf "%s|" "$1"' _ "{{Value}}" > nested
x={{Value}}; take "$x" > assigned
```
"""


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    return place


def write(project, text: str, front: str = "inputs: [Value, Other]") -> None:
    (project / SAY).write_text(f"---\n{front}\n---\n# Say\n\n{text}")


def run(project, *words: str):
    return rundown(project, "run", SAY, "--non-interactive", "--allow-write", ".", *words)


def test_hostile_values_are_data_in_every_place_of_a_shell_block(project):
    write(project, SHELL.replace("> ", '> "{{Place}}"/').replace('"{{Place}}"/here', '"{{Place}}"/here'))
    wrong = {}
    for name, value in HOSTILE.items():
        (project / name).mkdir()
        given = f"Value={json.dumps(value)}"
        ran = run(project, "--input-json", given, "--input", f"Place={name}", "--input", "Other=x")
        found = {path.name: path.read_text() for path in (project / name).iterdir()}
        expected = {
            "word": f"1|{value}|",
            "quoted": f"1|{value}|",
            "twice": f"2|<{value}>|{value}|",
            "here": f"{value}\n",
            "nested": f"{value}|",
            "assigned": f"1|{value}|",
        }
        if (ran.returncode, found) != (0, expected):
            wrong[name] = (ran.stderr[-300:], {k: v for k, v in found.items() if v != expected.get(k)})
    assert wrong == {}
    assert list(project.rglob("pwned")) == []


def test_a_hostile_item_of_a_list_is_data_too(project):
    write(
        project,
        '## 1. All\n- FOR v IN {{Value}}\n\n### 1.1 It\n\n```sh\nprintf "%s\\n" "{{v}}" {{v}} >> said\n```\n',
    )
    items = ["$(touch pwned)", "a b", "", "-n"]
    ran = run(project, "--input-json", f"Value={json.dumps(items)}")
    assert ran.returncode == 0, ran.stderr
    assert (project / "said").read_text() == "".join(f"{item}\n{item}\n" for item in items)
    assert not (project / "pwned").exists()


@pytest.mark.parametrize(
    ("block", "value", "result"),
    [
        ("echo '{{Value}}'", "plain-word", "pass"),
        ("echo '{{Value}}'", "two words", "fail"),
        ("{{Value}} hello", "echo", "pass"),
        ("{{Value}} hello", "echo hello;", "fail"),
        ("exit $(( {{Value}} - 3 ))", "3", "pass"),
        ("exit $(( {{Value}} ))", "a[$(touch pwned)]", "fail"),
        ('eval "{{Value}}"', "touch pwned", "fail"),
        ("bash -c 'echo {{Value}}'", "x; touch pwned", "fail"),
    ],
)
def test_a_value_never_becomes_syntax(block, value, result, project):
    write(project, f"## 1. Try\n\n```bash\n{block}\n```\n")
    run(project, "--input", f"Value={value}", "--yes")
    assert (reports(project, SAY) or ["1 fail"], (project / "pwned").exists()) == ([f"1 {result}"], False)


def test_a_name_without_a_value_fails_the_step_and_stays_as_written_in_texts(project):
    write(
        project,
        '## 1. Greet {{Nobody}}\n- FAIL STOP "no {{Nobody}} for {{Value}}"\n\n```sh\ntouch ran; echo {{Nobody}}\n```\n',
    )
    ran = run(project, "--input", "Value=me")
    (finished,) = kinds(project, SAY, "StepFinished")
    assert (ran.returncode, finished["note"]) == (1, "undefined-variable: Nobody")
    assert kinds(project, SAY, "StepStarted")[0]["title"] == "Greet {{Nobody}}"
    assert standings(project) == [f"{SAY} stopped: no {{{{Nobody}}}} for me"]
    assert not (project / "ran").exists()


def test_titles_prompts_and_messages_take_values_as_text(project):
    write(
        project,
        '## 1. To {{Value}} and {{ Other.k.1 }}\n- PASS COMPLETE "sent to {{Value}}"\n\nTell {{Value}}: {{Other}}\n',
    )
    words = ("--input", "Value=*a*\x1b[2J{{Other}}", "--input-json", 'Other={"k":[1,"two"]}')
    waits = run(project, *words)
    assert kinds(project, SAY, "StepStarted")[0]["title"] == "To *a*\x1b[2J{{Other}} and two"
    assert 'Tell *a*\\x1b[2J{{Other}}: {"k": [1, "two"]}' in waits.stdout
    rundown(project, "pass")
    assert standings(project) == [f"{SAY} completed: sent to *a*\x1b[2J{{{{Other}}}}"]


def test_what_is_shown_to_be_pasted_keeps_hostile_values_data(project):
    write(project, '## 1. Paste\n\n```sh\necho "{{Value}}" {{Other}}\n```\n')
    shown = rundown(
        project, "run", SAY, "--prompted", "--input", "Value=$(touch pwned)", "--input", "Other=ok"
    ).stdout
    lines = [line.strip() for line in shown.splitlines()]
    assert [line for line in lines if "$(touch pwned)" in line] == ["__rd_0='$(touch pwned)'"]


# --- out of a step -------------------------------------------------------------------------------

CAPTURE = """## 1. Make
- OUTPUTS
  - Out
{handler}
```bash
{block}
```

## 2. After {{{{Out}}}}

```sh
true
```
"""
TYPES = [
    ("text with end  \n\n", "text with end"),
    ('"a string"', "a string"),
    ("12.50", 12.5),
    ("1e999", "1e999"),
    ("NaN", "NaN"),
    ('["a", 1]', ["a", 1]),
    ('{"k": null}', {"k": None}),
    ("true", "true"),
    ("null", "null"),
    ("{broken", "{broken"),
    ("$(touch pwned)", "$(touch pwned)"),
]


def captured(project) -> list[object]:
    return [json.loads(body["value"]) for body in kinds(project, SAY, "OutputCaptured")]


def test_a_captured_value_is_json_if_it_is_a_string_number_list_or_object_and_text_otherwise(project):
    names = [f"V{place}" for place in range(len(TYPES))]
    listed = "".join(f"  - {name}\n" for name in names)
    copies = "".join(f'cp in/{name} "$RD_OUTPUTS_{name}"\n' for name in names)
    (project / "in").mkdir()
    for name, (text, _) in zip(names, TYPES, strict=True):
        (project / "in" / name).write_text(text)
    write(project, f"## 1. Make\n- OUTPUTS\n{listed}\n```sh\n{copies}```\n")
    ran = run(project)
    assert (ran.returncode, captured(project)) == (0, [value for _, value in TYPES]), ran.stderr


@pytest.mark.parametrize(
    ("block", "values"),
    [
        ('echo made > "$RD_OUTPUTS_Out"', ["made"]),
        ('echo made > "$RD_OUTPUTS_Out"; exit 3', ["made"]),
        ('test "$(stat -c %a:%s "$RD_OUTPUTS_Out")" = 600:0', []),
        (": nothing", []),
        ('rm "$RD_OUTPUTS_Out"', []),
        ('rm "$RD_OUTPUTS_Out"; ln -s "$PWD/in" "$RD_OUTPUTS_Out"', []),
        ('rm "$RD_OUTPUTS_Out"; mkfifo "$RD_OUTPUTS_Out"', []),
        ('rm "$RD_OUTPUTS_Out"; mkdir "$RD_OUTPUTS_Out"', []),
        ('printf "a\\0b" > "$RD_OUTPUTS_Out"', []),
        ('printf "\\377\\376" > "$RD_OUTPUTS_Out"', []),
        ('head -c 2000000 /dev/zero | tr "\\0" x > "$RD_OUTPUTS_Out"', []),
        ('head -c 1000000 /dev/zero | tr "\\0" x > "$RD_OUTPUTS_Out"', ["x" * 1_000_000]),
    ],
    ids=[
        "pass",
        "fail",
        "private and empty",
        "unwritten",
        "removed",
        "link",
        "fifo",
        "directory",
        "NUL",
        "latin-1",
        "2 MB",
        "1 MB",
    ],
)
def test_only_a_regular_file_of_text_is_captured(block, values, project):
    (project / "in").write_text("a secret of the project\n")
    write(project, CAPTURE.format(block=block, handler="- FAIL CONTINUE\n"))
    ran = run(project, "--allow-run", "rm,ln,mkfifo,mkdir,head,tr,stat")
    assert (ran.returncode, captured(project)) == (0, values), ran.stdout + ran.stderr


def test_every_attempt_is_captured_and_the_last_value_stays(project):
    block = 'echo "$RD_ATTEMPT" > "$RD_OUTPUTS_Out"; test "$RD_ATTEMPT" = 3 && rm "$RD_OUTPUTS_Out"'
    write(project, CAPTURE.format(block=block, handler="- FAIL RETRY 2 STOP\n"))
    ran = run(project, "--allow-run", "rm")
    assert (ran.returncode, captured(project)) == (0, [1, 2]), ran.stderr
    assert kinds(project, SAY, "StepStarted")[-1]["title"] == "After 2"


def test_a_captured_value_outlives_the_process_and_feeds_bounds_and_front_matter_outputs(project):
    write(
        project,
        '## 1. Make\n- OUTPUTS\n  - Count\n\n```sh\necho 2 > "$RD_OUTPUTS_Count"\n```\n\n## 2. Wait\n\nReady?\n\n'
        "## 3. Use\n- FOR i IN 1 TO {{Count}}\n\n### 3.1 {{i}} of {{Count}}\n\n```sh\ntrue\n```\n",
        'outputs: [Count, "Label \'n={{Count}}\'", "Same {{Count}}", Missing]',
    )
    assert run(project).returncode == 5
    assert rundown(project, "pass").returncode == 0
    assert [body["title"] for body in kinds(project, SAY, "StepStarted")][2:] == ["1 of 2", "2 of 2"]
    ends = {body["name"]: json.loads(body["value"]) for body in kinds(project, SAY, "OutputCaptured")[1:]}
    assert ends == {"Count": 2, "Label": "n=2", "Same": "2"}


def test_a_captured_secret_is_no_value(project):
    write(
        project,
        CAPTURE.format(block='echo "{{Value}}" > "$RD_OUTPUTS_Out"', handler=""),
        "inputs: {Value: {secret: true}}",
    )
    ran = run(project, "--input", "Value=correct horse")
    assert (ran.returncode, log_of(project, SAY)[-1]["status"]) == (0, "completed"), ran.stderr
    assert kinds(project, SAY, "StepStarted")[-1]["title"] == "After {{Out}}"
    assert [body["lost"] for body in kinds(project, SAY, "OutputCaptured")] == [True]
