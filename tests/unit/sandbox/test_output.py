"""Output caps: what is short passes untouched, what is long keeps its ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.sandbox.output import OutputCap

CHUNKS = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=50)), max_size=30)


def _run(chunks, limit):
    seen: list[tuple[str, bytes]] = []
    cap = OutputCap(lambda stream, chunk: seen.append((stream, chunk)), limit)
    for stream, chunk in chunks:
        cap.feed(stream, chunk)
    cap.finish()
    return seen, cap


@given(CHUNKS)
def test_without_a_limit_every_byte_passes_in_order(chunks):
    seen, cap = _run(chunks, None)
    assert (seen, cap.cut_bytes) == ([(stream, chunk) for stream, chunk in chunks], 0)


@given(CHUNKS, st.integers(min_value=0, max_value=200))
def test_what_is_seen_is_head_and_tail_and_nothing_is_counted_twice(chunks, limit):
    seen, cap = _run(chunks, limit)
    whole = b"".join(chunk for _, chunk in chunks)
    told = b"".join(chunk for _, chunk in seen)
    mark = f"\n[{cap.cut_bytes} bytes left out]\n".encode()
    assert cap.seen_bytes == len(whole)
    if cap.cut_bytes == 0:
        assert (told, len(whole) <= limit) == (whole, True)
        return
    head, _, tail = told.partition(mark)
    assert (whole.startswith(head), whole.endswith(tail)) == (True, True)
    assert len(head) + cap.cut_bytes + len(tail) == len(whole)
    assert len(head) + len(tail) == limit


def test_the_head_passes_at_once_and_the_tail_waits():
    seen: list[bytes] = []
    cap = OutputCap(lambda _, chunk: seen.append(chunk), 8)
    cap.feed("stdout", b"123456789")
    assert seen == [b"123456"]
    cap.finish()
    assert seen == [b"123456", b"\n[1 bytes left out]\n", b"89"]


@pytest.mark.parametrize("limit", [4, 5, 100])
def test_streams_of_the_tail_keep_their_names(limit):
    seen, _ = _run([("stdout", b"aaaa"), ("stderr", b"b"), ("stdout", b"c")], limit)
    assert seen[-1] == ("stdout", b"c")
