"""What holds of every runbook and every run."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rundown.engine.course import Course
from rundown.engine.effects import Finish
from rundown.engine.errors import EngineError
from rundown.engine.machine import apply, next_effect, transitions_of
from rundown.engine.state import State
from rundown.model.event import (
    Body,
    EffectFailed,
    EndForced,
    HostProbed,
    IndexResolved,
    ItemDrawn,
    Jumped,
    LaunchRequested,
    LoopOpened,
    OutputCaptured,
    RunFinished,
    RunPaused,
    RunResumed,
    SourceEnded,
    StepFinished,
    StepStarted,
    UnknownBody,
)
from tests.support.generated import books
from tests.support.play import PROMPTED, STARTED, Play, replay

RESULTS = st.lists(st.sampled_from(("pass", "pass", "fail")), max_size=60)
VARIABLES = st.fixed_dictionaries(
    {"List": st.just(["a", "b"]), "Empty": st.just([])},
    optional={"N": st.integers(1, 4), "M": st.integers(1, 4)},
)
FILES = {"File": [1, 2]}
STARTS = st.sampled_from((STARTED, PROMPTED))

_STEPS = st.sampled_from(("1", "2", "Fix0", "9"))
_SUBSTEPS = st.sampled_from((None, "1", "b", "9"))
_NUMBERS = st.none() | st.integers(0, 4)
ANYTHING: st.SearchStrategy[Body] = st.one_of(
    st.sampled_from(
        (
            STARTED,
            RunPaused(reason="denied", position="1"),
            RunResumed(),
            RunFinished(status="completed"),
            RunFinished(status="stopped"),
            EndForced(status="stopped"),
            EffectFailed(position="1", code="type-mismatch", message=""),
            LaunchRequested(request="sha256:a", position="1", plan="sha256:b"),
            OutputCaptured(position="1", name="List", value="[1]"),
            IndexResolved(name="N", iteration=2),
            UnknownBody(type="FromTheFuture", raw={}),
        )
    ),
    st.builds(StepStarted, step=_STEPS, substep=_SUBSTEPS, iteration=_NUMBERS, attempt=st.integers(1, 2)),
    st.builds(
        StepFinished,
        step=_STEPS,
        substep=_SUBSTEPS,
        iteration=_NUMBERS,
        result=st.sampled_from(("pass", "fail")),
        reported_by=st.sampled_from(("process", "person")),
    ),
    st.builds(Jumped, step=_STEPS, substep=_SUBSTEPS, iteration=_NUMBERS),
    st.builds(LoopOpened, step=_STEPS, first=_NUMBERS, last=_NUMBERS, items=st.none() | st.just(('"a"',))),
    st.builds(ItemDrawn, step=_STEPS, iteration=st.integers(0, 4), value=st.just("1")),
    st.builds(SourceEnded, step=_STEPS, length=st.integers(-1, 4)),
)


def patiently(max_examples: int = 80) -> settings:
    """Some books jump onto themselves ten thousand times before they are stopped: no deadline."""
    return settings(max_examples=max_examples, deadline=None)


def play_on(run: Play, words: list[str]) -> None:
    """Plays words until they are used up or the run has ended."""
    run._settle()
    for word in words:
        if next_effect(run.course, run.state) is None:
            return
        run._say(word)
        run._settle()


@given(books(), RESULTS, VARIABLES, STARTS)
@patiently()
def test_replay_equals_live(course, words, variables, started):
    run = Play(course, variables, FILES, started)
    play_on(run, words)
    assert replay(course, run.bodies) == run.state


@given(books(jumping=False), st.lists(st.booleans(), min_size=2500, max_size=2500), VARIABLES)
@patiently(max_examples=40)
def test_without_a_goto_every_run_ends(course, results, variables):
    run = Play(course, variables, FILES)
    play_on(run, ["pass" if result else "fail" for result in results])
    assert next_effect(course, run.state) is None
    assert run.state.lifecycle in ("completed", "stopped")


@given(books(), RESULTS, VARIABLES, st.lists(ANYTHING, max_size=6), st.data())
@patiently()
def test_no_order_of_facts_leads_to_an_undefined_state(course, words, variables, strays, data):
    run = Play(course, variables, FILES)
    play_on(run, words[: data.draw(st.integers(0, len(words)))])
    state = run.state
    for body in strays:
        try:
            state = apply(course, state, body)
        except EngineError:
            continue
        assert_sound(course, state)


@given(books(), RESULTS, VARIABLES)
@patiently()
def test_a_fact_that_is_refused_leaves_the_state_and_the_run_goes_on(course, words, variables):
    run = Play(course, variables, FILES)
    play_on(run, words)
    assume(run.state.lifecycle == "running")
    before = run.state
    try:
        run.take(STARTED)
    except EngineError:
        assert run.state is before
        return
    raise AssertionError("a run was started twice")


@given(books(), RESULTS, VARIABLES)
@patiently()
def test_every_report_is_told_once_by_its_own_position(course, words, variables):
    run = Play(course, variables, FILES)
    play_on(run, words)
    reports = [body for body in run.bodies if isinstance(body, StepFinished)]
    told = [line for line in run.lines if "*" not in line]
    again = [line for line in run.lines if "*" in line]
    unsettled = run.state.pending is not None
    assert len(told) + unsettled <= len(reports) <= len(told) + len(again) + unsettled


@given(books(), RESULTS, VARIABLES)
@patiently()
def test_facts_of_other_rooms_change_nothing(course, words, variables):
    run = Play(course, variables, FILES)
    play_on(run, words)
    other = UnknownBody(type="HostProbed", raw={})
    assert next_effect(course, apply(course, run.state, other)) == next_effect(course, run.state)
    assert transitions_of(course, run.state, other) == ()
    assert HostProbed.__name__ == other.type


def assert_sound(course: Course, state: State) -> None:
    """The state names places that are there, and asks for something unless it rests or has ended."""
    assert course.has(state.step, state.substep)
    assert state.frame is None or state.iteration is None or state.frame.holds(state.iteration)
    if state.lifecycle == "new":
        return
    effect = next_effect(course, state)
    assert (effect is not None) == (state.lifecycle == "running")
    if isinstance(effect, Finish):
        assert state.ending is not None
