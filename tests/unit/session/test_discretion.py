"""No question shows a secret, and what is decided is what was asked."""

from msgspec.structs import replace

from rundown.model.policy import Outcome
from rundown.model.runbook import Input
from rundown.session.discretion import Discreet
from rundown.session.ports import Ahead, Answer, Choice, Failure, Foreseen, Question, Subject
from tests.support.fakes import ScriptedPrompter
from tests.support.policies import decide, rules, run

SECRET = "hunter2hunter2"
TEXT = f"deploy --key {SECRET}"


def hide(text: str) -> str:
    return text.replace(SECRET, "[REDACTED:KEY]")


def question() -> Question:
    decision = decide(rules(), run(TEXT))
    return Question(
        request=replace(decision.request, text=TEXT),
        subject=Subject(title=f"Deploy {SECRET}", shown=TEXT),
        asks=decision.rulings,
        rulings=decision.rulings,
        sees=(f"reads {SECRET}",),
        diff=f"+{SECRET}",
        editable=True,
    )


def test_a_question_is_shown_without_it_and_cannot_be_edited_then() -> None:
    prompter = ScriptedPrompter([(Answer(choice=Choice.ONCE),)])
    asked = question()
    answers = Discreet(prompter, hide).permit(asked)
    (shown,) = prompter.questions
    assert (answers, SECRET in repr(shown), shown.editable) == ((Answer(choice=Choice.ONCE),), False, False)
    assert (SECRET in repr(asked), shown.request.text) == (True, "deploy --key [REDACTED:KEY]")


def test_a_question_without_one_is_shown_as_it_is() -> None:
    prompter = ScriptedPrompter()
    asked = question()
    Discreet(prompter, str).permit(asked)
    assert prompter.questions == [asked]


def test_neither_is_it_in_anything_else_that_is_asked() -> None:
    seen: list[object] = []

    class Seeing(ScriptedPrompter):
        def preflight(self, questions, denials):  # type: ignore[no-untyped-def]
            seen.extend((questions, denials))
            return super().preflight(questions, denials)

        def mend(self, failure):  # type: ignore[no-untyped-def]
            seen.append(failure)
            return super().mend(failure)

        def approach(self, ahead):  # type: ignore[no-untyped-def]
            seen.append(ahead)
            return super().approach(ahead)

        def supply(self, wanted):  # type: ignore[no-untyped-def]
            seen.append(wanted)
            return super().supply(wanted)

    prompter = Seeing()
    discreet = Discreet(prompter, hide)
    foreseen = (Foreseen(text=TEXT, positions=("1",), outcome=Outcome.ASK),)
    discreet.preflight(foreseen, foreseen)
    discreet.mend(Failure(position="1", subject=Subject(title=TEXT), ending="exit status 1", text=TEXT))
    discreet.approach(Ahead(position="1", subject=Subject(title=TEXT), text=TEXT))
    discreet.supply(Input(name="K", description=TEXT))
    discreet.confirm(TEXT)
    discreet.report(TEXT)
    discreet.settle_doubt(TEXT)
    told = repr((seen, prompter.sentences, prompter.titles))
    assert (SECRET in told, told.count("[REDACTED:KEY]") >= 8) == (False, True)
    assert [item.text for item in seen if isinstance(item, Failure)] == [""]
