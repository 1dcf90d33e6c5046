"""What is wrong with an answer of the cloud, in a sentence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from dashboard.cloud.errors import AnswerProblem

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# By the problem that cloud.errors names; `detail` is what the error says about it.
SENTENCES: dict[str, "StrPromise"] = {
    AnswerProblem.NOT_JSON: _("The answer is not in the format JSON."),
    AnswerProblem.NOT_OBJECT: _("The answer is JSON, but not an object with fields."),
    AnswerProblem.ENCODED: _(
        "The answer is compressed (%(detail)s), though an uncompressed one was asked for."
    ),
    AnswerProblem.TOO_LONG: _("The answer is longer than %(detail)s bytes."),
    AnswerProblem.MISSING_FIELD: _("The answer lacks the field %(detail)s."),
    AnswerProblem.WRONG_FIELD: _(
        "The field %(detail)s of the answer holds a value that it cannot have."
    ),
    AnswerProblem.OTHER_PACK: _("The answer is about another pack, %(detail)s."),
    AnswerProblem.OTHER_RULE: _("The answer is about another rule, %(detail)s."),
    AnswerProblem.NO_LINK: _(
        "The report is said to be complete, but there is no link to its file."
    ),
    AnswerProblem.BAD_LINK: _("The link to the file is not a valid address."),
    AnswerProblem.LIST_INCOMPLETE: _(
        "The list of packs does not hold the %(detail)s packs that the cloud states. No pack was "
        "changed."
    ),
    AnswerProblem.LIST_TOO_LONG: _(
        "The cloud states %(detail)s packs, more than this product lists. No pack was changed."
    ),
    AnswerProblem.HTTP_STATUS: _("The server answered with the HTTP status %(detail)s."),
    AnswerProblem.NOT_HTTP: _("The answer breaks the rules of HTTP."),
}


def explain_problem(facts: Mapping[str, object]) -> str:
    """Return what was wrong with the answer; an empty string if the error does not say it."""
    sentence = SENTENCES.get(str(facts.get("problem")))
    return sentence % {"detail": facts.get("detail") or "–"} if sentence else ""
