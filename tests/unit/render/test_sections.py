"""The marks by which runners fold a step's output."""

from rundown.render.sections import Sections

AT = "2026-01-01T00:00:05.000000Z"


def test_a_group_is_opened_once_and_closed_before_the_next() -> None:
    sections = Sections("github")
    said = [sections.begin("1 A%\n::x", AT), sections.begin("2 B", AT), sections.end(AT), sections.end(AT)]
    assert said == ["::group::1 A%25\\n::x\n", "::endgroup::\n::group::2 B\n", "::endgroup::\n", ""]


def test_a_section_has_its_time_and_a_name_of_its_own() -> None:
    sections = Sections("gitlab")
    assert sections.begin("1 A b", AT) == "\x1b[0Ksection_start:1767225605:step_1_1_A_b\r\x1b[0K1 A b\n"
    assert sections.end(AT) == "\x1b[0Ksection_end:1767225605:step_1_1_A_b\r\x1b[0K\n"
