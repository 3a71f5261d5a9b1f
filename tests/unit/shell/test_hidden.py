"""A word that is known only when it runs may be an option: asked about where such an option starts a program."""

import pytest

from rundown.shell.extract import extract


def is_open(text: str, undashed: frozenset[str] = frozenset()) -> bool:
    return any(item.kind == "dynamic" for item in extract(text, "bash", undashed).operations)


@pytest.mark.parametrize(
    "text",
    [
        "git log $x",
        'git push origin "$branch"',
        'git archive "$1"',
        'git log -p "$m"',
        "git log -n $m",
        "tar $OPTIONS -xf a",
        'tar xf "$f"',
        'tar -c "$f"',
        'tar --"$x"',
        'tar "-$x"',
        'x=a; tar "$(true)-$x"',
        'x=; tar "$x-$y"',
        'x="$y"; tar "$x"',
        'sort "$f"',
        'rsync "$a" "$b"',
        'make "$target"',
        'make "SH$x"',
        'x=SHELL=evil; make "$x"',
        'rg "$word" src',
        'man "$page"',
        "for f in *.tar; do tar xf $f; done",
        'x=$(cat f); git fetch "$x"',
        'x=--upload-pack=evil; git fetch "$x"',
        'x=main; read x; git fetch "$x"',
        'HOME=-x; tar "$HOME"',
    ],
)
def test_it_is_asked_about(text: str) -> None:
    assert is_open(text)


@pytest.mark.parametrize(
    "text",
    [
        'git -C "$d" status',
        'git checkout "$b"; git commit -m $m',
        'git log -n "$n"',
        'c=$(git rev-parse refs/bisect/bad); git show "$c"',
        'git log --format="$f"',
        'git log -- "$f"',
        'git log --end-of-options "$r"',
        'git add "$f"',
        'tar -xf "$f"',
        'tar -C "$d" -xf "$f"',
        'tar xf a -C "$HOME"',
        'tar xf "./$f"',
        'tar -czf "$HOME/a" src',
        'sort -k "$k" f',
        'sort -- "$f"',
        'make -j"$(nproc)"',
        'make CFLAGS="$f"',
        'x=all; make "$x"',
        'x=main; git push origin "$x"',
        "x=main; git push origin $x",
        'git archive "$(git rev-parse HEAD)"',
        'd=$(mktemp -d); tar xf a -C "$d"',
        'cat "$f"; grep "$x" "$f"; cp "$a" "$b"',
    ],
)
def test_what_cannot_be_an_option_is_not(text: str) -> None:
    assert not is_open(text)


def test_a_value_from_outside_counts_as_what_is_known_of_it() -> None:
    text = 'git push origin "${__rd_0}"'
    assert (is_open(text), is_open(text, frozenset(["__rd_0"]))) == (True, False)


def test_it_says_which_word_and_why() -> None:
    (found,) = [item for item in extract('git push "$r" main', "bash").operations if item.kind == "dynamic"]
    assert found.note == (
        '"$r" may turn out to be an option with which `git` starts a program; '
        "`--end-of-options` before it rules that out"
    )
