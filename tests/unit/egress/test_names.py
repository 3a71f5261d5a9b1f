"""Addresses that stand for names."""

from rundown.egress.names import Names, is_stand_in


def test_a_name_keeps_its_address_and_no_two_share_one():
    names = Names()
    first, second = names.address_of("a.example"), names.address_of("b.example")
    assert (names.address_of("a.example"), names.name_of(str(second)), first != second) == (
        first,
        "b.example",
        True,
    )


def test_there_are_only_so_many():
    names = Names(room=2)
    assert [names.address_of(name) for name in ("a", "b", "c", "a")] == [
        "198.18.0.4",
        "198.18.0.5",
        None,
        "198.18.0.4",
    ]


def test_the_range_is_known_by_sight():
    assert [is_stand_in(text) for text in ("198.18.0.2", "198.19.255.255", "198.17.255.255", "198.20.0.0")] == [
        True, True, False, False,
    ]  # fmt: skip
