"""The command that tells a person of a question that waits."""

from rundown.cli.notice import Notice
from tests.support.patience import wait_until


def test_the_command_gets_the_sentence_as_its_last_argument(tmp_path):
    heard = tmp_path / "heard"
    notice = Notice()
    notice.words = ("sh", "-c", 'printf %s "$1" > "$0.new" && mv "$0.new" "$0"', str(heard))
    notice.send("step 1 waits\x1b[2J")
    wait_until(heard.exists)
    assert heard.read_text() == "step 1 waits\\x1b[2J"


def test_without_a_command_and_with_a_missing_one_nothing_happens():
    notice = Notice()
    notice.send("step 1 waits")
    notice.words = ("/no/such/command",)
    notice.send("step 1 waits")
