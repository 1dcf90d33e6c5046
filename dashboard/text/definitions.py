"""What the words of a report mean: statuses, counts and rates, for printed documents."""

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.models import Status

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

STATUS_DEFINITIONS: dict[Status, "StrPromise"] = {
    Status.NON_COMPLIANT: _("The resource does not meet the rule."),
    Status.INSUFFICIENT_DATA: _("Cloud Config had too little data to judge the resource."),
    Status.IGNORED: _("The result is ignored in Cloud Config and is in neither rate."),
    Status.NOT_APPLICABLE: _("The rule does not apply to the resource."),
    Status.COMPLIANT: _("The resource meets the rule."),
}


class Definition(NamedTuple):
    """A word and what it means."""

    word: str
    meaning: str


def list_status_definitions() -> list[Definition]:
    return [Definition(str(status.label), str(STATUS_DEFINITIONS[status])) for status in Status]


def list_term_definitions(*, with_sources: bool = False) -> list[Definition]:
    """Return what the other words of a printed report or comparison mean.

    `with_sources` adds the sources of evaluations, where there is more than the file.
    """
    definitions = [
        Definition(
            gettext("Evaluation"),
            gettext("What one rule found of one resource. Counts are of evaluations."),
        ),
        Definition(
            gettext("Rates"),
            gettext("Rounded down to a tenth of a percent: 100 % means that nothing fails."),
        ),
        Definition(
            gettext("New failing and no longer failing"),
            gettext(
                "Non-compliant evaluations in the later report only, and in the earlier one only: "
                "before + new failing − no longer failing = now."
            ),
        ),
        Definition(
            gettext("First report with this status"),
            gettext(
                "The first of the reports in a row, up to this one, that have the present status; "
                "“no later than” where the archive begins with it. An evaluation may have had the "
                "status before and another one in between."
            ),
        ),
    ]
    if with_sources:
        definitions.append(describe_sources())
    return definitions


def describe_sources() -> Definition:
    return Definition(
        gettext("Source: file, evaluation results, both"),
        gettext(
            "What states an evaluation: the report's file, the evaluation results that the cloud "
            "lists beside it, or both. Where they disagree on a status, the file's counts. Times "
            "after “cloud:” are the cloud's own, all others are those of reports in this archive."
        ),
    )
