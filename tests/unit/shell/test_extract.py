"""The two entry points: whole extractions, their spans, notes and variables."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rundown.model.request import Capability, Operation
from rundown.shell.extract import extract, extract_argv
from rundown.shell.extraction import Extraction


def _run(resource: str, *argv: str | None, **more: object) -> Operation:
    return Operation(capability=Capability.RUN, resource=resource, argv=argv or (resource,), **more)  # type: ignore[arg-type]


def test_a_pipeline_is_its_programs_and_the_file_it_writes() -> None:
    assert extract("git log | sort -r > out.txt", "bash") == Extraction(
        operations=(
            _run("git", "git", "log", span=(0, 7)),
            _run("sort", "sort", "-r", span=(10, 17)),
            Operation(capability=Capability.WRITE, resource="out.txt", span=(20, 27), note="redirection"),
        )
    )


def test_spans_are_bytes_of_utf_8() -> None:
    text = "echo 'é€😀'; rm ü"
    (operation,) = extract(text, "bash").operations
    start, end = operation.span
    assert text.encode()[start:end].decode() == "rm ü"


def test_a_wrapper_and_what_it_starts_both_stand_there() -> None:
    assert extract("timeout 5 sh -c 'ls'", "bash").operations == (
        _run("timeout", "timeout", "5", "sh", "-c", "ls", kind="wrapper", span=(0, 20)),
        _run("sh", "sh", "-c", "ls", kind="wrapper", span=(10, 20), note="started by timeout"),
        _run("ls", span=(16, 20), note="started by sh -c"),
    )


def test_text_within_text_has_the_place_of_the_word_that_holds_it() -> None:
    (operation,) = extract("eval 'true; ls'", "bash").operations
    assert operation == _run("ls", span=(0, 15), note="in `eval`")


def test_an_argument_that_is_not_literal_is_none() -> None:
    (operation,) = extract('kubectl get "$kind" main', "bash").operations
    assert operation.argv == ("kubectl", "get", None, "main")


def test_an_escape_says_why() -> None:
    assert extract("tar --to-command=cat -xf a", "bash").operations == (
        _run(
            "tar",
            "tar",
            "--to-command=cat",
            "-xf",
            "a",
            kind="escape",
            span=(0, 26),
            note="`tar --to-command` starts a program",
        ),
        _run("cat", span=(4, 20), note="started by tar --to-command"),
    )


def test_variables_are_those_that_the_text_does_not_surely_set_before() -> None:
    text = 'a=1; if x; then b=1; fi; echo "$a $b $c ${d:-} $((e))" $1 $?'
    assert extract(text, "bash").variables == ("b", "c", "d", "e")


def test_functions_and_aliases_are_listed_as_shadows() -> None:
    assert extract("ls() { :; }\nalias rm='rm -i'", "sh").shadows == ("ls", "rm")


def test_text_that_cannot_be_read_is_one_unparseable_executable() -> None:
    assert extract("if true", "bash") == Extraction(
        operations=(
            Operation(
                capability=Capability.RUN,
                resource="<unparseable>",
                kind="unparseable",
                span=(0, 7),
                note="`then` is missing",
            ),
        ),
        unparseable="`then` is missing",
    )


def test_a_line_that_a_witness_cannot_read_leaves_the_rest_readable() -> None:
    found = extract("exec 3<>f\nls", "bash")
    assert [(item.kind, item.resource) for item in found.operations if item.capability is Capability.RUN] == [
        ("unparseable", "<unparseable>"),
        ("literal", "ls"),
    ]


def test_lone_surrogates_are_unparseable() -> None:
    assert extract("ls \udc80", "bash").unparseable == "not valid Unicode"


def test_an_argv_is_read_without_a_shell() -> None:
    assert extract_argv(("sudo", "ls", "$x; rm")) == Extraction(
        operations=(
            _run("sudo", "sudo", "ls", "$x; rm", kind="wrapper"),
            _run("ls", "ls", "$x; rm", note="started by sudo"),
        )
    )


def test_an_argv_that_holds_shell_text_is_read_as_that() -> None:
    names = {item.resource for item in extract_argv(("bash", "-c", "ls; rm x")).operations}
    assert names == {"bash", "ls", "rm"}


def test_no_argv_is_nothing() -> None:
    assert extract_argv(()) == Extraction()


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("ab $(){}[]'\"`\\\n;|&<>#!*=~\r\0é,:-0"), max_size=60))
def test_any_text_has_an_answer_and_always_the_same(text: str) -> None:
    for dialect in ("bash", "sh"):
        found = extract(text, dialect)  # type: ignore[arg-type]
        assert found == extract(text, dialect)  # type: ignore[arg-type]
        size = len(text.encode())
        assert all(0 <= start <= end <= size for start, end in (item.span for item in found.operations))
