"""Grants taken back from another terminal: wishes that only narrow."""

import pytest

from rundown.model.policy import Grant
from rundown.model.request import Capability
from rundown.session.withdrawal import FOLDER, Withdrawal, Withdrawals


@pytest.fixture
def left(tmp_path):
    return Withdrawals(state=tmp_path, run_id="r1")


def test_wishes_are_heard_once_in_their_order_and_only_by_their_run(left, tmp_path):
    assert left.collect() == ()
    left.leave(Withdrawal(pattern="jq"))
    left.leave(Withdrawal())
    assert Withdrawals(state=tmp_path, run_id="r2").collect() == ()
    assert (left.collect(), left.collect()) == ((Withdrawal(pattern="jq"), Withdrawal()), ())
    left.leave(Withdrawal(pattern="psql"))
    assert left.collect() == (Withdrawal(pattern="psql"),)


def test_what_cannot_be_read_takes_everything_back(left, tmp_path):
    left.leave(Withdrawal(pattern="jq"))
    (tmp_path / FOLDER / "r1.json").write_text("[{")
    assert left.collect() == (Withdrawal(),)


def test_nothing_stays_of_a_session_that_is_over(left, tmp_path):
    left.leave(Withdrawal(pattern="jq"))
    left.close()
    left.close()
    assert (left.collect(), list((tmp_path / FOLDER).iterdir())) == ((), [])


def test_a_wish_means_the_grants_of_its_pattern_or_all():
    jq = Grant(capability=Capability.RUN, pattern="jq")
    assert [Withdrawal(pattern=pattern).means(jq) for pattern in ("jq", "j*", None)] == [True, False, True]
