"""Values bound into blocks, run by the real bash and the real sh: each stays one datum or is refused."""

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from rundown.syntax.binding import Bound, bind_script
from tests.support.patience import RUN_SECONDS

SHELLS = {"bash": shutil.which("bash"), "sh": shutil.which("sh")}
TOUCH = "touch canary"


def hostile_values() -> list[str]:
    commands = [
        TOUCH,
        f"$({TOUCH})",
        f"`{TOUCH}`",
        f"; {TOUCH} #",
        f"&& {TOUCH}",
        f"| {TOUCH}",
        f"\n{TOUCH}\n",
    ]
    quotes = [
        "",
        "'",
        '"',
        "''",
        '""',
        "'\"",
        "\"'",
        "\\",
        "\\'",
        '\\"',
        "$'",
        '$"',
        "`",
        "}",
        "${",
        ")",
        "))",
        "]]",
        "]",
    ]
    broken_out = [quote + command + quote for quote, command in itertools.product(quotes, commands)]
    arithmetic = [
        f"a[$({TOUCH})]",
        f"x[`{TOUCH}`]",
        "1+1",
        "08",
        "0x1F",
        "1,2",
        "-5",
        "--5",
        "99999999999999999999",
    ]
    options = [
        "-n",
        "-e",
        "-c",
        "--",
        "-",
        f"-c {TOUCH}",
        f"--rcfile=<({TOUCH})",
        "-v",
        "-vx",
        "-delete",
        "-S",
    ]
    globs = ["*", "?", "[a-z]*", "**/*", "{a,b}", "{1..9}", "~", "~root", "!(x)", "a*b", "[", "*/../*"]
    words = [
        "",
        " ",
        "  two  words ",
        "\t",
        "\n",
        "a\nb",
        "a\r\nb",
        "EOF",
        "END",
        "\nEOF\n",
        "\nEND\n",
        "in",
        "done",
    ]
    structure = [
        "() { :; }",
        f"() {{ :; }}; {TOUCH}",
        "if",
        "fi",
        "then",
        "{",
        "}",
        "(",
        ")",
        ";;",
        "&",
        "&&",
        "||",
        "!",
        "<",
        ">",
    ]
    redirects = ["> canary", "<canary", ">&2", f"<({TOUCH})", "<<EOF", f"$(<{TOUCH})"]
    expansions = [
        "$HOME",
        "${HOME}",
        "$((1+1))",
        "$$",
        "$?",
        "${x:=canary}",
        "${x@P}",
        "${!x}",
        "{{other}}",
        "${__rd_0}",
    ]
    others = [
        "\\",
        "\\\\",
        "\\n",
        "%s",
        "%n%d",
        "é",
        "日本語",
        "\u202e",
        "\x1b[31m",
        "\x7f",
        "\x01",
        "#",
        "# no",
        "x" * 5000,
    ]
    return list(
        dict.fromkeys(
            [*broken_out, *arithmetic, *options, *globs, *words, *structure, *redirects, *expansions, *others]
        )
    )


VALUES = hostile_values()


class Context(Struct, frozen=True):
    """A block that prints the value, once, with a NUL behind it; `around` is printed around it."""

    template: str
    before: str = ""
    after: str = ""
    bash_only: bool = False


DATA = {
    "unquoted": Context("printf '%s\\0' {{x}}"),
    "part of a word": Context("printf '%s\\0' a{{x}}b", "a", "b"),
    "beside another word": Context("printf '%s\\0' pre-{{x}}", "pre-"),
    "double quotes": Context("printf '%s\\0' \"{{x}}\""),
    "amid double quotes": Context("printf '%s\\0' \"a {{x}} b\"", "a ", " b"),
    "assignment": Context("v={{x}}; printf '%s\\0' \"$v\""),
    "quoted assignment": Context('v="{{x}}"; printf \'%s\\0\' "$v"'),
    "assignment before a command": Context('V={{x}} sh -c \'printf "%s\\0" "$V"\''),
    "export": Context('export V={{x}}; sh -c \'printf "%s\\0" "$V"\''),
    "local": Context("f() { local v={{x}}; printf '%s\\0' \"$v\"; }; f"),
    "here-document": Context("cat <<EOF\n{{x}}\nEOF\nprintf '\\0'", "", "\n"),
    "here-document amid text": Context("cat <<EOF\na {{x}} b\nEOF\nprintf '\\0'", "a ", " b\n"),
    "here-document without tabs": Context("cat <<-END\n\t{{x}}\n\tEND\nprintf '\\0'", "", "\n"),
    "here-document, quotes in it": Context("cat <<EOF\n\"{{x}}\" '{{x}}'\nEOF\nprintf '\\0'", '"', None),
    "substitution": Context("v=$(printf %s {{x}}; echo .); printf '%s\\0' \"$v\"", "", "."),
    "quoted substitution": Context("printf '%s\\0' \"$(printf %s. {{x}})\"", "", "."),
    "quoted in a quoted substitution": Context('printf \'%s\\0\' "$(printf %s. "{{x}}")"', "", "."),
    "substitution in a here-document": Context(
        "cat <<EOF\n$(printf %s. {{x}})\nEOF\nprintf '\\0'", "", ".\n"
    ),
    "default": Context("printf '%s\\0' ${UNSET_:-{{x}}}"),
    "quoted default": Context("printf '%s\\0' \"${UNSET_:-{{x}}}\""),
    "alternative": Context("S=1; printf '%s\\0' \"${S:+{{x}}}\""),
    "loop word": Context("for w in {{x}}; do printf '%s\\0' \"$w\"; done"),
    "case word": Context("case {{x}} in *) printf '%s\\0' {{x}};; esac"),
    "case pattern": Context("v={{x}}; case $v in {{x}}) printf '%s\\0' {{x}};; esac"),
    "test": Context("[ {{x}} = {{x}} ] && printf '%s\\0' {{x}}"),
    "test of emptiness": Context("[ -n a{{x}} ] && printf '%s\\0' {{x}}"),
    "positional": Context("set -- {{x}}; printf '%s\\0' \"$1\"; [ $# -eq 1 ] || touch canary"),
    "function argument": Context("f() { printf '%s\\0' \"$1\"; [ $# -eq 1 ] || touch canary; }; f {{x}}"),
    "subshell": Context("(printf '%s\\0' {{x}})"),
    "group": Context("{ printf '%s\\0' {{x}}; }"),
    "if": Context("if printf '%s\\0' {{x}}; then :; fi"),
    "and": Context("true && printf '%s\\0' {{x}} || touch canary"),
    "pipe": Context("printf '%s\\0' {{x}} | cat"),
    "argument of a nested shell": Context('sh -c \'printf "%s\\0" "$1"\' _ {{x}}'),
    "argument behind env": Context("env A=1 printf '%s\\0' {{x}}"),
    "option's value": Context("printf '%s\\0' --name={{x}}", "--name="),
    "wrapped line": Context("printf '%s\\0' \\\n  {{x}}"),
    "here-string": Context("cat <<< {{x}}; printf '\\0'", "", "\n", bash_only=True),
    "quoted here-string": Context("cat <<< \"{{x}}\"; printf '\\0'", "", "\n", bash_only=True),
    "array": Context(
        "a=(p {{x}} q); printf '%s\\0' \"${a[1]}\"; ((${#a[@]} == 3)) || touch canary", bash_only=True
    ),
    "element of an array": Context("declare -A a=([k]={{x}}); printf '%s\\0' \"${a[k]}\"", bash_only=True),
    "declared array": Context("declare -a a=(p {{x}}); printf '%s\\0' \"${a[1]}\"", bash_only=True),
    "conditional": Context("[[ {{x}} == {{x}} ]] && printf '%s\\0' {{x}}", bash_only=True),
    "process substitution": Context("cat <(printf '%s\\0' {{x}})", bash_only=True),
    "declare": Context("declare v={{x}}; printf '%s\\0' \"$v\"", bash_only=True),
}

SYNTAX = {
    "single quotes": "printf '%s\\0' '{{x}}'",
    "single quotes in double": "bash -c \"printf '%s\\0' '{{x}}'\"",
    "ANSI-C quotes": "printf '%s\\0' $'{{x}}'",
    "locale quotes": "printf '%s\\0' $\"{{x}}\"",
    "comment": "true # {{x}}",
    "command": "{{x}}",
    "command with an argument": "{{x}} a",
    "path of a command": "./{{x}}",
    "command behind a variable": "A=1 {{x}}",
    "command in a pipe": "true | {{x}}",
    "command behind env": "env {{x}} a",
    "command behind sudo": "sudo {{x}} a",
    "command behind exec": "exec {{x}} a",
    "command behind command": "command {{x}} a",
    "command behind builtin": "builtin {{x}} a",
    "command behind timeout": "timeout 5 {{x}}",
    "command behind xargs": "true | xargs {{x}}",
    "command behind find": "find . -maxdepth 0 -exec {{x}} \\;",
    "script of bash": 'bash -c "echo {{x}}"',
    "whole script of sh": "sh -c {{x}}",
    "script behind a cluster": 'bash -euc "echo {{x}}"',
    "script behind an option with a word": 'bash -euo pipefail -c "echo {{x}}"',
    "script behind env": 'env A=1 bash -c "echo {{x}}"',
    "script behind timeout": 'timeout -s KILL 5 sh -c "echo {{x}}"',
    "script behind xargs": 'echo a | xargs -I{} sh -c "echo {{x}}"',
    "script behind find": 'find . -maxdepth 0 -exec sh -c "echo {{x}}" \\;',
    "script behind an unknown program": 'docker exec web sh -c "echo {{x}}"',
    "option of bash": "bash {{x}} -c true",
    "script file of bash": "bash {{x}}",
    "substitution in a script": 'bash -c "$(echo {{x}})"',
    "here-document for bash": "bash <<EOF\necho {{x}}\nEOF",
    "here-document for sh -s": "sh -s a <<EOF\necho {{x}}\nEOF",
    "here-document piped to bash": "cat <<EOF | bash\necho {{x}}\nEOF",
    "here-string for bash": 'bash <<< "echo {{x}}"',
    "pipe into bash": "echo {{x}} | bash",
    "pipe into sh in a group": "{ echo {{x}}; } | sh",
    "pipe into xargs sh": "echo {{x}} | xargs -I{} sh -c 'echo {}'",
    "process substitution for bash": "bash <(echo {{x}})",
    "process substitution for source": "source <(echo {{x}})",
    "eval": "eval echo {{x}}",
    "quoted eval": 'eval "echo {{x}}"',
    "eval of a substitution": 'eval "$(echo {{x}})"',
    "trap": 'trap "echo {{x}}" EXIT',
    "alias": "alias a={{x}}",
    "backquotes": "printf '%s\\0' `echo {{x}}`",
    "quoted here-document": "cat <<'EOF'\n{{x}}\nEOF",
    "backslashed here-document": "cat <<\\EOF\na {{x}}\nEOF",
    "backslash": "printf '%s\\0' \\{{x}}",
    "backslash in quotes": "printf '%s\\0' \"\\{{x}}\"",
    "dollar": "printf '%s\\0' ${{x}}",
    "dollar in quotes": "printf '%s\\0' \"${{x}}\"",
    "parameter": "printf '%s\\0' ${{{x}}}",
    "parameter's pattern": "v=abc; printf '%s\\0' \"${v#{{x}}}\"",
    "name of an assignment": "{{x}}=1",
    "loop variable": "for {{x}} in a; do :; done",
    "function's name": "{{x}}() { :; }",
    "unset": "unset {{x}}",
    "read": "echo a | read {{x}}",
    "export of a name": "export {{x}}",
    "declare of a name": "declare {{x}}",
    "declare of an array": "declare -a v={{x}}",
    "declare of an integer": "declare -i v={{x}}",
    "integer variable": "declare -i v; v={{x}}",
    "name reference": 'declare -n v={{x}}; echo "$v"',
    "printf into a variable": "printf -v {{x}} a",
    "printf's format": "printf {{x}} a",
    "test of a variable": "test -v {{x}}",
    "conditional of a variable": "[[ -v {{x}} ]]",
    "test of two words": "test {{x}} {{x}}",
    "array's key": "a=([{{x}}]=1)",
    "regular expression": "[[ abc =~ {{x}} ]]",
    "python": 'python3 -c "print({{x}})"',
    "perl": 'perl -e "print {{x}}"',
    "awk": 'awk "BEGIN { print {{x}} }"',
    "sed": 'echo a | sed "s/a/{{x}}/"',
    "ssh": "ssh -p 22 host echo {{x}}",
    "destination of ssh": "ssh {{x}} uptime",
    "unreadable text": "if true; echo {{x}}",
    "mapfile": "mapfile {{x}} < /dev/null",
    "coproc": "coproc {{x}}",
    "trace prompt": "PS4={{x}}; set -x; true",
    "start-up file": "BASH_ENV={{x}} bash -c true",
    "start-up file through env": "env ENV={{x}} sh -c true",
    "loop over an integer variable": "declare -i n; for n in {{x}}; do :; done",
    "sourced file": ". {{x}}",
    "database behind docker": "docker exec -i db psql -U u <<EOF\nselect {{x}}\nEOF",
    "SQL": 'psql -c "select {{x}}"',
}

NUMBERS = {
    "arithmetic": ("printf '%s\\0' $(({{x}} + 1))", False),
    "arithmetic behind a minus": ("printf '%s\\0' $((1 -{{x}}))", False),
    "quoted arithmetic": ("printf '%s\\0' \"$(( {{x}} ))\"", False),
    "arithmetic in a here-document": ("cat <<EOF\n$(({{x}}))\nEOF", False),
    "arithmetic command": ("(( {{x}} > 1 )) || true", True),
    "arithmetic loop": ("for ((i = 0; i < {{x}}; i += 1000000)); do :; done", True),
    "comparison": ("[[ {{x}} -gt 3 ]] || true", True),
    "subscript": ("a=(p q); printf '%s\\0' \"${a[{{x}}]}\" || true", True),
    "subscript of an assignment": ("declare -A a; a[{{x}}]=1", True),
    "substring": ("v=abc; printf '%s\\0' \"${v:{{x}}}\"", True),
    "let": ("let v={{x}} || true", True),
    "older arithmetic": ("printf '%s\\0' $[{{x}}+1]", True),
}


def run(shell: str, script: str, arguments: list[str], directory: Path, environment: dict[str, str]) -> bytes:
    executable = SHELLS[shell]
    assert executable is not None
    argv = [
        executable,
        *(["--norc", "--noprofile"] if shell == "bash" else []),
        "-c",
        script,
        "_",
        *arguments,
    ]
    done = subprocess.run(
        argv,
        cwd=directory,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return done.stdout


def bind(template: str, shell: str, value: object) -> Bound:
    return bind_script(template, "bash" if shell == "bash" else "sh", {"x": value})


DATA_CASES = [
    pytest.param(shell, context, id=f"{shell}: {name}")
    for name, context in DATA.items()
    for shell in (("bash",) if context.bash_only else ("bash", "sh"))
]


@pytest.mark.parametrize(("shell", "context"), DATA_CASES)
def test_every_value_stays_one_datum(shell: str, context: Context, tmp_path: Path) -> None:
    """The text of a bound block is one for all values, so that one process can run it over all of them."""
    bounds = [bind(context.template, shell, value) for value in VALUES]
    assert {(bound.text, bound.diagnostics) for bound in bounds} == {(bounds[0].text, ())}
    names = [name for name, _ in bounds[0].bindings]
    assign = "".join(f"{name}=$value_\n" for name in names)
    script = f"for value_; do\n{assign}{bounds[0].text}\ndone"
    output = run(shell, script, VALUES, tmp_path, {})
    if context.after is None:
        wanted = [f"\"{value}\" '{value}'\n" for value in VALUES]
    else:
        wanted = [f"{context.before}{value}{context.after}" for value in VALUES]
    assert output.split(b"\0")[:-1] == [text.encode() for text in wanted]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("template", [pytest.param(text, id=name) for name, text in SYNTAX.items()])
def test_where_syntax_stands_only_plain_words_are_taken(template: str, shell: str) -> None:
    taken = [value for value in VALUES if not bind(template, shell, value).diagnostics]
    assert [value for value in taken if not _plain(value)] == []


def _plain(value: str) -> bool:
    import re

    return re.fullmatch(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*", value) is not None and ".." not in value


NUMBER_CASES = [
    pytest.param(shell, template, id=f"{shell}: {name}")
    for name, (template, bash_only) in NUMBERS.items()
    for shell in (("bash",) if bash_only else ("bash", "sh"))
]


@pytest.mark.parametrize(("shell", "template"), NUMBER_CASES)
def test_arithmetic_takes_integers_only(shell: str, template: str, tmp_path: Path) -> None:
    taken = [value for value in [*VALUES, 7, -3] if not bind(template, shell, value).diagnostics]
    assert taken == ["-5", 7, -3]
    for value in taken:
        bound = bind(template, shell, value)
        run(shell, bound.text, [], tmp_path, dict(bound.bindings))
    assert list(tmp_path.iterdir()) == []


PAIRS = [
    "{{x}} {{y}}",
    "bash {{x}} {{y}}",
    "sh {{x}} {{y}}",
    "env {{x}} {{y}}",
    "command {{x}} {{y}}",
    "builtin {{x}} {{y}}",
    "exec {{x}} {{y}}",
    "timeout {{x}} {{y}} a",
    "printf {{x}} {{y}}",
    "test {{x}} {{y}}",
    "[ {{x}} {{y}} ]",
    "[ ! {{x}} {{y}} ]",
    "[ {{x}} -a {{y}} ]",
    "[[ {{x}} == {{y}} ]]",
    "set {{x}} {{y}}; echo $1",
    "export A={{x}} B={{y}}",
    "read {{x}} {{y}} < /dev/null",
    "hash {{x}} {{y}}",
    "wait {{x}} {{y}}",
    "complete {{x}} {{y}}",
    "cd {{x}} {{y}}",
    "awk {{x}} {{y}} /dev/null",
    "sed {{x}} {{y}} /dev/null",
    "find . {{x}} {{y}}",
    "for v in {{x}} {{y}}; do :; done",
]
WORDS = [
    "-c",
    "-v",
    "-n",
    "--",
    "eval",
    "bash",
    "sh",
    "trap",
    "-S" + TOUCH,
    TOUCH,
    f"$({TOUCH})",
    f"a[$({TOUCH})]",
]


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("template", PAIRS)
def test_two_values_together_start_nothing(template: str, shell: str, tmp_path: Path) -> None:
    blocks: list[str] = []
    arguments: list[str] = []
    for x, y in itertools.product(WORDS, WORDS):
        bound = bind_script(template, "bash" if shell == "bash" else "sh", {"x": x, "y": y})
        if bound.diagnostics:
            continue
        values = [value for _, value in bound.bindings]
        assign = "".join(
            f"{name}=${{{len(arguments) + number}}}\n" for number, (name, _) in enumerate(bound.bindings, 1)
        )
        blocks.append(
            f"(\n{assign}{bound.text}\n) < /dev/null > /dev/null 2>&1\n[ ! -e canary ] || echo {len(blocks)}"
        )
        arguments += values
    assert run(shell, "\n".join([*blocks, "echo whole"]), arguments, tmp_path, {}) == b"whole\n"


AROUND = [
    "( {}\n)",
    "{{ {}\n}}",
    "if true; then {}\nfi",
    "true && {}",
    "false || {}",
    "! false; {}",
    "f() {{ {}\n}}\nf",
    "for i in 1; do {}\ndone",
    "while :; do {}\nbreak; done",
    "case a in a) {}\n;; esac",
    'printf %s "$( {}\n)"',
    'v=$({}\n); printf %s "$v"',
    "{{ {}\n}} | cat",
    "{}\n# it's a comment",
    'echo "it\'s" > /dev/null; {}',
    "echo 'say \"' > /dev/null; {}",
    "x='a\nb'; {}",
]
LEAVES = [
    "printf '<%s>' {{x}}",
    'printf "<%s>" "{{x}}"',
    "printf '<%s>' \"${UNSET_:-{{x}}}\"",
    "printf '<%s%s>' {{x}} ''",
    "cat <<EOF | tr -d '\\n'\n<{{x}}>\nEOF\n",
]
blocks = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.tuples(st.sampled_from(AROUND), inner).map(lambda pair: pair[0].format(pair[1])),
    max_leaves=4,
)
line_values = st.one_of(
    st.sampled_from([value for value in VALUES if "\n" not in value]),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(block=blocks, value=line_values, shell=st.sampled_from(["bash", "sh"]))
def test_a_value_stays_one_datum_however_deep_it_stands(
    block: str, value: str, shell: str, tmp_path: Path
) -> None:
    bound = bind(block, shell, value)
    assert bound.diagnostics == ()
    assert run(shell, bound.text, [], tmp_path, dict(bound.bindings)) == f"<{value}>".encode()
    assert list(tmp_path.iterdir()) == []
