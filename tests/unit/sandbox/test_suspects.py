"""What a step's own words say it was refused."""

import pytest

from rundown.sandbox.suspects import Suspect, find_suspects


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("touch: cannot touch 'b c.txt': Read-only file system", Suspect("b c.txt", "write", True)),
        ("sh: 1: cannot create b.txt: Read-only file system", Suspect("b.txt", "write", True)),
        ("bash: line 1: dist/x: Permission denied", Suspect("dist/x", "any", True)),
        ("mkdir: cannot create directory ‘dist’: Read-only file system", Suspect("dist", "write", True)),
        ("OSError: [Errno 30] Read-only file system: '/a/b'", Suspect("/a/b", "write", True)),
        ("PermissionError: [Errno 13] Permission denied: '.env'", Suspect(".env", "any", True)),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/srv/x'", Suspect("/srv/x", "hidden", True)),
        ("Error: EROFS: read-only file system, open '/a/package.json'", Suspect("/a/package.json", "write", True)),
        ("Error: ENOENT: no such file or directory, scandir '/a/b'", Suspect("/a/b", "hidden", True)),
        ("open /root/x.go: permission denied", Suspect("/root/x.go", "any", True)),
        ("cat: /srv/data: No such file or directory", Suspect("/srv/data", "hidden", True)),
        ("error: failed to open: /a/target/.lock (os error 30)", Suspect("/a/target/.lock", "write", False)),
        ("mv: cannot move 'a' to 'b/a': Invalid cross-device link", Suspect("b/a", "across", True)),
        ("chmod: changing permissions of 'x': Operation not permitted", Suspect("x", "any", True)),
    ],
)  # fmt: skip
def test_the_path_of_a_refusal_is_found_however_it_is_worded(line, expected):
    found = find_suspects(f"before\n{line}\nafter\n")
    assert expected in found
    assert [item for item in found if item.stressed] in (
        [expected],
        [Suspect("a", "across", True), expected],
        [],
    )


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (
            'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
            "privileges",
        ),
        ("strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted", "tracing"),
        ("warning: ptrace: Operation not permitted", "tracing"),
        ("No permission to enable task-clock event.", "tracing"),
        ("unshare: unshare failed: Operation not permitted", "namespaces"),
        ("bwrap: No permissions to create new namespace, likely because the kernel does not", "namespaces"),
        ("bwrap: Creating new namespace failed: Operation not permitted", "namespaces"),
        ("[1:FATAL:zygote_host_impl_linux.cc(126)] No usable sandbox! Update your kernel", "namespaces"),
        ("cannot clone: Operation not permitted", "namespaces"),
    ],
)
def test_a_program_that_wants_what_no_path_stands_for_is_recognised(line, kind):
    assert find_suspects(line) == (Suspect("", kind),)


@pytest.mark.parametrize(
    "line", ["all is well: 'a/b'", "3 tests failed in /srv/x", "", "connection refused: a.example:443"]
)
def test_what_does_not_read_like_a_refusal_names_nothing(line):
    assert find_suspects(line) == ()


def test_the_last_lines_come_first_and_there_is_an_end():
    text = "".join(f"cat: /srv/{number}: Permission denied\n" for number in range(1000))
    found = find_suspects(text)
    assert (found[1].text, len(found)) == ("/srv/999", 40)


def test_long_lines_and_odd_bytes_take_no_time():
    assert len(find_suspects("'" * 100_000 + " Permission denied\n" + "\0\x1b[31m: EACCES 'a\0b'\n")) <= 40
