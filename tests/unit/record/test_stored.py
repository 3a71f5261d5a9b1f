"""What of a body is redacted, and what is never touched."""

from hypothesis import given
from msgspec.structs import replace

from rundown.model import event as told
from rundown.model.policy import Outcome, Ruling
from rundown.model.request import Capability, Operation
from rundown.record.stored import redact_body, storable
from tests.support.records import a_contract, known_bodies


def _hide(text: str) -> str:
    return text.replace("secret-value", "[X]")


def test_texts_are_redacted_at_any_depth() -> None:
    body = told.DecisionMade(
        request="q",
        position="1",
        outcome="allow",
        rulings=(
            Ruling(
                operation=Operation(
                    capability=Capability.RUN, resource="a secret-value", argv=("a", "secret-value", None)
                ),
                outcome=Outcome.ALLOW,
            ),
        ),
    )
    operation = redact_body(body, _hide)
    assert isinstance(operation, told.DecisionMade)
    assert operation.rulings[0].operation == Operation(
        capability=Capability.RUN, resource="a [X]", argv=("a", "[X]", None)
    )


def test_ids_digests_and_fixed_words_are_kept_though_they_equal_a_secret() -> None:
    def hide_all(text: str) -> str:
        return "[X]"

    bodies: tuple[told.Body, ...] = (
        told.StepStarted(step="deploy", substep="1", title="t"),
        told.StepFinished(step="deploy", result="pass", reported_by="process", note="n"),
        told.RunPaused(reason="in-doubt", position="1", detail="d"),
        told.ProcessEnded(
            request="q",
            position="1",
            result=told.ProcessResult(ending="exited", status=0, duration_ns=1),
            output="output/1.1.log",
            output_digest="sha256:1",
        ),
        told.RunFinished(status="completed", message="m", code="c"),
    )
    assert [redact_body(body, hide_all) for body in bodies] == [
        told.StepStarted(step="deploy", substep="1", title="[X]"),
        told.StepFinished(step="deploy", result="pass", reported_by="[X]", note="[X]"),
        told.RunPaused(reason="in-doubt", position="1", detail="[X]"),
        replace(bodies[3], result=told.ProcessResult(ending="exited", status=0, duration_ns=1, reason="[X]")),
        told.RunFinished(status="completed", message="[X]", code="c"),
    ]


def test_what_holds_a_value_says_that_it_was_lost() -> None:
    assert [
        redact_body(body, _hide)
        for body in (
            told.ItemDrawn(step="1", iteration=1, value='"secret-value"'),
            told.ItemDrawn(step="1", iteration=2, value='"plain"'),
            told.LoopOpened(step="1", first=1, last=2, items=('"a"', '"secret-value"')),
        )
    ] == [
        told.ItemDrawn(step="1", iteration=1, value='"[X]"', lost=True),
        told.ItemDrawn(step="1", iteration=2, value='"plain"'),
        told.LoopOpened(step="1", first=1, last=2, items=('"a"', '"[X]"'), lost=True),
    ]


def test_a_contract_keeps_its_terms_and_loses_its_secrets() -> None:
    contract = a_contract(inputs={"who": '"secret-value"'}, root="/secret-value")
    assert redact_body(contract, _hide) == a_contract(inputs={"who": '"[X]"'}, root="/secret-value")


@given(known_bodies())
def test_a_body_without_a_secret_is_the_same(body: told.Body) -> None:
    assert redact_body(body, None) is body


def test_texts_that_utf_8_cannot_hold_are_spelled_out() -> None:
    assert [storable(text) for text in ("plain é\n", "a\udcff", "\ud800\udcff")] == [
        "plain é\n",
        "a\\xff",
        "\\ud800\\udcff",
    ]
