"""Strategies for shell text: grammatical, odd, and harmless when it is run in `RealShell`'s empty world."""

from hypothesis import strategies as st

PROGRAMS = ("ls", "rm", "cat", "git", "pa", "pb", "pc", "zz")
FUNCTIONS = ("f", "g", "ls", "pa", "h-1")
NAMES = ("x", "y", "i", "a")

programs = st.sampled_from(PROGRAMS)
names = st.sampled_from(NAMES)
"""Assigned integers and text; `a` is an array."""
plain = st.sampled_from(
    [
        "w",
        "-v",
        "-n",
        "a=1",
        "x",
        "1",
        "a[0]",
        "k#c",
        "é",
        "\u00a0",
        "\r",
        "=",
        "%s",
        "+",
        "-",
        "--",
        "{}",
        "}",
        "in",
        "do",
        "!",
        "]",
        "if",
    ]
)
odd = st.sampled_from(
    [
        "\\ ",
        "\\'",
        '\\"',
        "\\$",
        "\\`",
        "\\\\",
        "\\#",
        "\\\n",
        "''",
        '""',
        "$",
        "~",
        "*",
        "[a]",
        "?",
        "{pa,pb}",
        "{1..2}",
        "\u2028",
    ]
)
integers = st.sampled_from(
    ["0", "1", "2", "07", "0x1f", "16#ff", "$#", "${#x}", "(1+2)", "$?", "3", "4", "x", "$y", "a[0]"]
)
comments = st.sampled_from(
    [
        "# plain\n",
        "# it's\n",
        '# "\n',
        "# `pa\n",
        "# $(pa\n",
        "#\r pb\n",
        "# <<E\n",
        "# \\\n",
        "#)\n",
        "#}\n",
        "# ' ; pa\n",
    ]
)
signals = st.sampled_from(["EXIT", "0", "DEBUG", "ERR", "USR1", "RETURN"])


@st.composite
def arithmetic(draw: st.DrawFn, depth: int) -> str:
    """An expression."""
    parts = [draw(integers)]
    for _ in range(draw(st.integers(0, 2))):
        parts += [draw(st.sampled_from(["+", "-", "*", "<", "==", "&&", "?1:", ","])), draw(integers)]
    if depth > 0 and draw(st.integers(0, 4)) == 0:
        parts += ["+", "$(" + draw(scripts(depth - 1)) + ")"]
    if draw(st.integers(0, 5)) == 0:
        parts.insert(0, draw(names) + draw(st.sampled_from(["=", "+="])))
    return draw(st.sampled_from(["", " "])).join(parts)


@st.composite
def in_quotes(draw: st.DrawFn, depth: int) -> str:
    """What may stand between double quotes."""
    pieces = []
    for _ in range(draw(st.integers(0, 3))):
        pieces.append(
            draw(
                st.one_of(
                    plain,
                    st.sampled_from(
                        [
                            "\\$x",
                            "\\`",
                            '\\"',
                            "'",
                            "$x",
                            "${x}",
                            "$@",
                            "#",
                            " ",
                            "\n",
                            "\\\n",
                            "$",
                            "{pa,pb}",
                            "<(pa)",
                            ";",
                        ]
                    ),
                )
            )
        )
        if depth > 0 and draw(st.integers(0, 3)) == 0:
            pieces.append(draw(expansions(depth - 1)))
    return "".join(pieces)


@st.composite
def expansions(draw: st.DrawFn, depth: int) -> str:
    """Something that begins with a dollar sign, a backquote or `<(`."""
    kind = draw(st.integers(0, 16))
    below = max(depth - 1, 0)
    name = draw(names)
    if kind <= 2:
        return (
            "$("
            + draw(st.sampled_from(["", " ", "\n", "# it's )\n"]))
            + draw(scripts(below))
            + draw(st.sampled_from(["", " ", "\n"]))
            + ")"
        )
    if kind <= 4:
        inside = draw(simple_commands(0)).replace("\\", "\\\\").replace("`", "\\`")
        return "`" + inside + "`"
    if kind == 5:
        return "$((" + draw(arithmetic(below)) + "))"
    if kind == 6:
        return "$[" + draw(arithmetic(below)) + "]"
    if kind == 7:
        return "<(" + draw(scripts(below)) + ")"
    if kind == 8:
        return "$'" + draw(st.sampled_from(["pa", "\\x70a", "\\'", "a b", "\\n"])) + "'"
    if kind == 9:
        return "${#" + name + "}"
    if kind == 10:
        return "${" + name + "[" + draw(arithmetic(below)) + "]}"
    if kind == 11:
        return "${" + name + ":" + draw(arithmetic(below)) + "}"
    if kind == 12:
        return "${" + name + draw(st.sampled_from(["@Q", "^^", ",,", "@A", "@U"])) + "}"
    if kind == 13:
        return (
            "((" + draw(scripts(below)) + "))"
            if draw(st.booleans())
            else "$((" + draw(scripts(below)) + ") )"
        )
    operator = draw(st.sampled_from([":-", "-", ":=", "=", ":+", "+", "#", "##", "%", "/", "//", ":?"]))
    return "${" + name + operator + draw(st.one_of(words(below), in_quotes(below))) + "}"


@st.composite
def words(draw: st.DrawFn, depth: int) -> str:
    """One word."""
    pieces = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.integers(0, 9))
        if kind <= 3:
            pieces.append(draw(plain))
        elif kind == 4:
            pieces.append(draw(odd))
        elif kind == 5:
            pieces.append(
                "'"
                + draw(
                    st.sampled_from(["pa", "a b", "$(pb)", '"', "#", "\n", "\\", "a[$(pa)]", "`pc`", "-v"])
                )
                + "'"
            )
        elif kind == 6:
            pieces.append('"' + draw(in_quotes(depth)) + '"')
        elif kind == 7:
            pieces.append(draw(st.sampled_from(["$x", "${x}", '"$@"', '"$y"', "$1", "$#"])))
        elif depth > 0:
            pieces.append(draw(expansions(depth)))
    return "".join(pieces) or "w"


@st.composite
def text_operands(draw: st.DrawFn, depth: int) -> str:
    """A quoted word whose value is shell text."""
    text = draw(scripts(max(depth - 1, 0)))
    if "'" not in text:
        return "'" + text + "'"
    if not set(text) & set('"$`\\'):
        return '"' + text + '"'
    return draw(programs)


@st.composite
def simple_commands(draw: st.DrawFn, depth: int) -> str:
    """A simple command without a here-document."""
    before = []
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        before.append(
            draw(names)
            + draw(st.sampled_from(["=", "=", "+=", "[0]=", "[x]="]))
            + draw(st.one_of(words(depth), integers))
        )
    kind = draw(st.integers(0, 11))
    if kind <= 4:
        head = draw(programs)
        head = draw(
            st.sampled_from(
                [
                    head,
                    head,
                    "'" + head + "'",
                    '"' + head + '"',
                    "\\" + head,
                    head[0] + "''" + head[1:],
                    head[0] + "\\\n" + head[1:],
                ]
            )
        )
    elif kind <= 6:
        head = draw(st.sampled_from(FUNCTIONS))
    elif kind == 7:
        head = draw(st.sampled_from([":", "echo", "true", "set --", "shift"]))
    elif kind == 8 and before:
        head = ""
    elif kind == 9:
        head = draw(words(depth))
    else:
        head = draw(builtin_commands(depth))
    after = [draw(words(depth)) for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2])))]
    target = draw(
        st.sampled_from([">o", ">>o", "2>&1", "</dev/null", "&>o", ">|o", "{fd}>o", "<<<w", "1>&2", ">&o"])
    )
    redirections = [target] if draw(st.integers(0, 5)) == 0 else []
    if redirections and draw(st.booleans()):
        return " ".join([*redirections, *before, head, *after]).strip() or ":"
    return " ".join([*before, head, *after, *redirections]).strip() or ":"


@st.composite
def builtin_commands(draw: st.DrawFn, depth: int) -> str:
    """A builtin that starts something, or that evaluates its operands."""
    text = draw(text_operands(depth))
    name, program, word = draw(names), draw(programs), draw(words(depth))
    function = draw(st.sampled_from(FUNCTIONS))
    return draw(
        st.sampled_from(
            [
                f"eval {text}",
                f"eval {program} {word}",
                f"trap {text} {draw(signals)}",
                f"exec {program}",
                f"command {program} {word}",
                f"builtin {program}",
                f"command -v {program}",
                "builtin eval " + text,
                f"export {name}={word}",
                f"declare -i {name}={word}",
                f"declare {name}={word}",
                f"declare -a {name}=({word} {program})",
                f"declare -A {name}",
                f"declare -n {name}={word}",
                f"local {name}={word}",
                f"read {name} <<<{word}",
                f"read {word}",
                f"printf -v {name} {word}",
                f"printf {word} {word} x",
                f"unset {name}",
                f"unset {function}",
                f"unset -f {function}",
                f"unset {word}",
                f"let {name}={word}",
                f"test {word} = x",
                f"[ {word} ]",
                f"[ -v {word} ]",
                f"[ {word} {word} ]",
                f"[ w = {word} ]",
                f"[ -n {word} ]",
                f"alias {function}={text}",
                f"hash -p /bin/{program} {function}",
                f"enable -n echo; echo {word}",
                f"mapfile -C {text} -c 1 {name} <<<w",
                f"compgen -W {text}",
                f"compgen -C {text}",
                f"{name}={word}",
                f"{name}=(1 {word} [x]=2)",
                f"for_{name}=1",
                f"source /dev/null {word}",
                "shopt -s expand_aliases",
                "set -o posix",
                f"PS4={text}; set -x",
                f"BASH_ALIASES[{function}]={text}",
                f"BASH_CMDS[{function}]=/bin/{program}",
                f"getopts {word} {name}",
                f"RANDOM={word}",
                f"wait -p {word} -n",
                f"jobs -x {program}",
                f"complete -F {function} x",
                f"export -f {function}",
                f"echo >&{word}",
                f"readonly {name}",
                f"UID={word}",
                f"set -- {word}",
            ]
        )
    )


@st.composite
def definitions(draw: st.DrawFn, depth: int) -> str:
    """A function; its body calls no function of a later name, so that nothing recurs for ever."""
    name = draw(st.sampled_from(FUNCTIONS))
    body = draw(scripts(max(depth - 1, 0)))
    if any(other in body for other in FUNCTIONS if other not in PROGRAMS) or name in body:
        body = draw(programs) + draw(st.sampled_from(["", "; return; " + name + "() { :; }"]))
    opening = draw(
        st.sampled_from(
            [
                f"{name}() {{",
                f"{name} ()\n{{",
                f"function {name} {{",
                f"function {name}() {{",
                f"{name}() # it's\n{{",
            ]
        )
    )
    return f"{opening} {body}\n}}"


@st.composite
def compound_commands(draw: st.DrawFn, depth: int) -> str:
    """A compound command."""
    below = max(depth - 1, 0)
    body, other = draw(scripts(below)), draw(scripts(below))
    word, name = draw(words(below)), draw(names)
    return draw(
        st.sampled_from(
            [
                f"if {body}; then {other}\nfi",
                f"if {body}\nthen {other}; else pa; fi",
                f"while ! {draw(programs)}; do {body}; done",
                f"for {name} in {word} 2; do {body}\ndone",
                f"for {name} in 1\ndo {body}; done",
                f"for (({name}=0;{name}<1;{name}++)); do {body}; done",
                f"case {word} in {word}) {body};; (b|c) {other}\n;; *) pa;; esac",
                f"case x in x) {body};& y) {other}; esac",
                f"{{ {body}\n}}",
                f"( {body}\n)",
                f"(({draw(arithmetic(below))}))",
                f"[[ {word} == {word} ]]",
                f"[[ -v {word} ]]",
                f"[[ {word} -eq {draw(integers)} ]]",
                f"[[ -n {word} && ( a < b ) ]]",
                f"[[ {word} =~ (a|{word}) ]]",
                f"time {body}",
                f"! {body}",
                f"coproc {draw(programs)}",
                f"coproc N {{ {body}\n}}",
                f"{{ {body}\n}} >o 2>&1",
                f"select {name} in {word}; do {body}\ndone",
                f"until {draw(programs)}; do {body}\ndone",
            ]
        )
    )


@st.composite
def here_documents(draw: st.DrawFn, depth: int) -> str:
    """A command with a here-document, its body, and the line feed behind it."""
    command = draw(simple_commands(0))
    delimiter = draw(st.sampled_from(["E", "'E'", '"E"', "\\E", "-E", "-E"]))
    end = {"'E'": "E", '"E"': "E", "\\E": "E", "-E": "\tE"}.get(delimiter, delimiter)
    lines = draw(
        st.lists(
            st.one_of(
                in_quotes(depth),
                st.sampled_from(["$(pa)", "`pb`", "${x:-$(pc)}", "it's", "E ", " E", "x\\", "$((x))"]),
            ),
            max_size=3,
        )
    )
    rest = draw(st.sampled_from(["", " | pa", "; pb", " && pc", " # it's", " >o"]))
    return f"{command} <<{delimiter}{rest}\n" + "".join(line + "\n" for line in lines) + end + "\n"


@st.composite
def scripts(draw: st.DrawFn, depth: int) -> str:
    """A list of commands."""
    pieces: list[str] = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3] if depth < 2 else [1, 2, 3, 4, 5]))):
        kind = draw(st.integers(0, 11))
        if kind <= 5 or depth == 0:
            piece = draw(simple_commands(max(depth - 1, 0)))
        elif kind <= 7:
            piece = draw(compound_commands(depth))
        elif kind <= 9:
            piece = draw(definitions(depth))
        elif kind == 10:
            piece = draw(here_documents(max(depth - 1, 0)))
        else:
            piece = draw(simple_commands(0)) + " " + draw(comments) + draw(programs)
        pieces.append(piece)
        joint = draw(st.sampled_from(["; ", "\n", "\n", " && ", " || ", " | ", " & ", "\n\n", ";\n", " |& "]))
        pieces.append("\n" if piece.endswith("\n") else joint)
    return "".join(pieces[:-1])


texts = scripts(3)
