"""Writes the policy document that a run was found to need."""

from rundown.cli.report_file import ReportFile
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.session.library import Opened
from rundown.session.needs import Needs, open_plain_desk
from rundown.session.reach import Chapter
from rundown.session.run import Start
from rundown.session.secrecy import redactor_of
from rundown.session.surroundings import Surroundings
from rundown.session.wish import Wish

NOTHING = "# Nothing is missing: the policy that is in force allows all that was seen.\nversion: 1\n"


def write_suggestion(
    file: ReportFile, needs: Needs, invocation: tuple[Wish, Surroundings], opened: Opened, start: Start
) -> None:
    """Writes it, whole or not at all. It adds to the policy documents in force; without any it is enough.

    Raises:
        InvalidInputError: it cannot be written, or a policy document is not valid.
    """
    wish, around = invocation
    desk = open_plain_desk(wish, around, opened.document.path)
    first = Chapter(opened=opened, values=start.values, secret=start.secret)
    redact = redactor_of(desk, start).redact_text
    text = needs.suggest(desk, first, (), start, redact=redact) or NOTHING
    try:
        file.write(text.encode())
    except OSError as error:
        raise InvalidInputError(
            Diagnostic(
                code="cli/no-suggestion",
                message=f"the suggested policy cannot be written to {file.place}",
                why=error.strerror or str(error),
                fix="--suggest-policy FILE, in a folder that you may write",
            )
        ) from error
