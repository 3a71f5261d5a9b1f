"""Which words of a command are code. A word `?` is one that is not literal, `-?` and `a?` begin so."""

import pytest

from rundown.syntax.command_words import code_in
from rundown.syntax.interpreters import Code, Word


def words(text: str) -> list[Word]:
    made = []
    for part in text.split():
        whole = part.replace("_", " ")
        made.append(Word(text=None if "?" in part else whole, prefix=whole.partition("?")[0]))
    return made


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("echo ? ?", []),
        ("bash -c ? ? ?", [2, 3, 4]),
        ("bash -c x ? ?", []),
        ("bash -euo pipefail -c ? ?", [4, 5]),
        ("bash --norc -c ?", [3]),
        ("bash -euoc pipefail ?", [3]),
        ("bash -ec -- ?", [3]),
        ("bash -cs ?", [2]),
        ("bash ? -c ?", [1, 3]),
        ("bash run.sh ?", []),
        ("bash ./? ?", [1]),
        ("/bin/sh -c ?", [2]),
        ("sh -s ? ?", [2, 3]),
        ("sh -s -- ? ?", []),
        ("bash -- ? ?", [2]),
        ("eval ? ?", [1, 2]),
        ("trap ? ?", [1]),
        ("env A=? bash -c ?", [4]),
        ("env -u A sh -c ?", [5]),
        ("env ? a", [1]),
        ("env -S ?", [2]),
        ("env ENV=? sh x", [1, 3]),
        ("sudo -u root ? a", [3]),
        ("sudo systemctl restart ?", []),
        ("timeout 5 curl ?", []),
        ("timeout ? sh -c ?", [4]),
        ("nice nohup sh -c ?", [4]),
        ("sudo -nu ? systemctl restart ?", []),
        ("sudo -nu x sh -c ?", [5]),
        ("sudo --user=? ? a", [2]),
        ("flock -w 1 l -c ?", []),
        ("flock -c ? l", [2]),
        ("systemd-run --user ? a", [2]),
        ("systemd-run -p a=? sh -c ?", [5]),
        ("watch -n ? date ?", [2, 3, 4]),
        ("hyperfine -w 3 ? ?", [3, 4]),
        ("choom -n 5 -- sh -c ?", [6]),
        ("sudo --strange sh -c ?", [4]),
        ("setarch x86_64 sh -c ?", [4]),
        ("exec -a ? sh -c ?", [5]),
        ("command sh -c ?", [3]),
        ("xargs -n 1 rm ?", []),
        ("xargs -I{} sh -c ?", [4]),
        ("find ? -name ? -exec sh -c ? ;", [7]),
        ("find . -exec ? {} +", [3]),
        ("ssh host uptime ?", [2, 3]),
        ("ssh -p 22 -i ? u@? ls ?", [6, 7]),
        ("ssh -o ? host", [2]),
        ("ssh ? ls", [1, 2]),
        ("su - x -c ?", [4]),
        ("python3 -c ? ?", [2]),
        ("python3.11 -m mod ?", []),
        ("python3 x.py ?", []),
        ("perl -lne ? ?", [2, 3]),
        ("perl -lne x -- ?", []),
        ("sed -i -- ? f?", [3]),
        ("awk -v a=? ? f?", [3, 4]),
        ("awk -v a=? x f?", []),
        ("awk -f p.awk ?", [3]),
        ("sed -i ? f", [2]),
        ("sed -n -e p f?", [3]),
        ("node --eval ?", [2]),
        ("psql -U u -c ?", [4]),
        ("docker exec web sh -c ? x", [5]),
        ("docker run -e A=? image ?", []),
        ("kubectl exec pod -- bash -c ?", [6]),
        ("printf ? a", [1]),
        ("printf %s ?", []),
        ("printf -v ? a", [2]),
        ("test -v ?", [2]),
        ("test ? = ?", []),
        ("read -r ?", [2]),
        ("export ? A=?", [1]),
        ("source ? a", [1]),
        ("source dir/? a", []),
        ("? -c ?", [2]),
        ("? a ?", []),
    ],
)
def test_words_that_are_code(command: str, code: list[int]) -> None:
    found = code_in(words(command))
    given = words(command)
    unknown = {index for index in code if given[index].text is None}
    assert {index for index in found.words if given[index].text is None} == unknown


@pytest.mark.parametrize(
    ("command", "reads"),
    [
        ("bash", True),
        ("bash -e", True),
        ("sh -s a", True),
        ("bash -c x", False),
        ("bash x.sh", False),
        ("sudo -u root bash", True),
        ("sudo -s", True),
        ("sudo -u root tee", False),
        ("python3", True),
        ("python3 -", True),
        ("python3 x.py", False),
        ("ssh host", True),
        ("ssh host ls", False),
        ("psql -U u", True),
        ("docker exec -i db psql -U u", True),
        ("grep bash", False),
        ("cat", False),
        ("sed p", False),
        ("xargs rm", False),
        ("xargs sh -c x", True),
        ("at now", True),
        (". /dev/stdin", True),
        ("?", True),
    ],
)
def test_commands_whose_input_is_code(command: str, reads: bool) -> None:
    assert code_in(words(command)).stdin is reads


def test_no_words_are_no_code() -> None:
    assert code_in([]) == Code()
