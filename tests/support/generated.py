"""Valid runbooks of every shape, and the words that drive them, for property tests."""

from hypothesis import strategies as st

from rundown.engine.course import Course
from rundown.model.runbook import (
    Action,
    Break,
    Complete,
    Continue,
    Defer,
    Goto,
    Handler,
    Loop,
    Next,
    Step,
    Stop,
    Transitions,
)
from tests.support.books import COMMAND, DISPLAY, book, child, goto, loop, step, sub

NAMES = ("N", "M")
BODIES = (COMMAND, COMMAND, DISPLAY, None)

Shape = tuple[str, tuple[str, ...], bool]  # a step's id, its substeps' ids, whether it loops


@st.composite
def shapes(draw: st.DrawFn) -> tuple[Shape, ...]:
    """Steps in file order: numbers counting up, names between them."""
    found: list[Shape] = []
    number = 0
    for place in range(draw(st.integers(1, 4))):
        named = draw(st.booleans()) and draw(st.booleans())
        number += not named
        substeps = tuple(draw(st.sampled_from(((), (), ("1",), ("1", "b"), ("1", "b", "2")))))
        loops = bool(substeps) and draw(st.booleans())
        found.append((f"Fix{place}" if named else str(number), substeps, loops))
    return tuple(found)


@st.composite
def jumps(draw: st.DrawFn, among: tuple[Shape, ...]) -> Goto:
    """A GOTO to something that is there, with AT where that may stand."""
    step_id, substeps, loops = draw(st.sampled_from(among))
    substep = draw(st.sampled_from((None, *substeps)))
    at = draw(st.sampled_from((None, 1, 3, 9, "N", "Index"))) if loops else None
    return goto(step_id if substep is None else f"{step_id}.{substep}", at)


def handled(actions: st.SearchStrategy[Action]) -> st.SearchStrategy[Handler]:
    """Handlers with up to two retries."""
    return st.builds(Handler, action=actions, retry=st.sampled_from((0, 0, 0, 1, 2)))


def transitions(actions: st.SearchStrategy[Action], *, modes: bool = True) -> st.SearchStrategy[Transitions]:
    """Both handlers of a unit, step or loop."""
    mode = st.sampled_from((None, "all", "any")) if modes else st.none()
    return st.builds(Transitions, on_pass=handled(actions), on_fail=handled(actions), mode=mode)


@st.composite
def loops(draw: st.DrawFn, block: st.SearchStrategy[Transitions]) -> Loop:
    """A FOR over a range, over names, over a list, a file or nothing, or over a window of these."""
    bound = st.sampled_from((1, 2, 3, 3, *NAMES))
    source = draw(st.sampled_from((None, None, "List", "File", "Empty", "Missing")))
    windowed = source is None or draw(st.booleans())
    return loop(
        draw(bound) if windowed else None,
        draw(bound) if windowed else None,
        of=source,
        block=draw(st.none() | block),
    )


@st.composite
def books(draw: st.DrawFn, *, jumping: bool = True) -> Course:
    """A whole runbook; `jumping`: with GOTOs, so that it may never end."""
    among = draw(shapes())
    plain: list[st.SearchStrategy[Action]] = [
        st.just(Continue()),
        st.just(Continue()),
        st.just(Stop()),
        st.just(Complete()),
    ]
    if jumping:
        plain.append(jumps(among))
    return book(*(draw(_steps(shape, st.one_of(plain))) for shape in among))


@st.composite
def _steps(draw: st.DrawFn, shape: Shape, plain: st.SearchStrategy[Action]) -> Step:
    step_id, substeps, looping = shape
    inner = st.one_of(plain, st.just(Defer()), st.just(Defer()))
    if looping:
        inner = st.one_of(inner, st.sampled_from((Next(), Break())))
    units = tuple(
        sub(
            substep,
            draw(transitions(inner, modes=False)),
            draw(st.sampled_from((*BODIES, child("child.runbook.md")))),
        )
        for substep in substeps
    )
    return step(
        step_id,
        *units,
        transitions=draw(transitions(plain)),
        loop=draw(loops(transitions(inner))) if looping else None,
        body=draw(st.sampled_from(BODIES)),
    )
