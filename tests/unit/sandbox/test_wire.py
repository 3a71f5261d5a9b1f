"""Messages and fds between processes."""

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rundown.sandbox.child import wire

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@given(st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=5))
def test_messages_arrive_in_order_as_they_were_even_with_names_that_are_not_text(messages):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for message in messages:
            wire.send(ours, message)
        assert [wire.receive(theirs) for _ in messages] == [(message, []) for message in messages]


def test_fds_arrive_with_their_own_message_and_close_on_exec(pair):
    ours, theirs = pair
    readers, writers = zip(*(os.pipe() for _ in range(3)), strict=True)
    wire.send(ours, {"first": 1})
    wire.send(ours, {"second": 2}, tuple(writers))
    assert wire.receive(theirs) == ({"first": 1}, [])
    message, fds = wire.receive(theirs)
    assert (message, len(fds), [os.get_inheritable(fd) for fd in fds]) == ({"second": 2}, 3, [False] * 3)
    os.write(fds[1], b"x")
    assert os.read(readers[1], 1) == b"x"
    for fd in (*readers, *writers, *fds):
        os.close(fd)


def test_a_message_larger_than_the_socket_holds_arrives_whole(pair):
    import threading

    ours, theirs = pair
    large = {"text": "x" * 3_000_000}
    sender = threading.Thread(target=wire.send, args=(ours, large))
    sender.start()
    assert wire.receive(theirs) == (large, [])
    sender.join()


def test_the_end_of_the_stream_is_none(pair):
    ours, theirs = pair
    ours.close()
    assert wire.receive(theirs) is None


def test_an_end_inside_a_message_is_an_error(pair):
    ours, theirs = pair
    ours.sendall(b"\0\0\0\x09{")
    ours.close()
    with pytest.raises(ConnectionResetError):
        wire.receive(theirs)


def test_a_message_of_absurd_size_is_refused(pair):
    ours, theirs = pair
    ours.sendall(b"\xff\xff\xff\xff")
    with pytest.raises(ValueError):
        wire.receive(theirs)
