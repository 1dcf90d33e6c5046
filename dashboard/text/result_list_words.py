"""How fetching the evaluation results of a report ended, in words: the outcome and what to do.

The evaluation results are a list that the cloud gives of a pack, fetched beside the report's file.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.models import Report, ResultList
from dashboard.models.result_lists import find_result_list
from dashboard.text.error_messages import explain_error
from dashboard.text.formatting import format_time
from dashboard.text.origins import ProvenanceFact

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Outcome = ResultList.Outcome
LIST_ACTION = "config:ListConfigRuleEvaluationResults"
# Why a rule has no evaluation; read only, like the list.
RULE_ACTION = "config:GetConfigRule"
TITLES: dict[str, "StrPromise"] = {
    Outcome.UNDER_WAY: gettext_lazy("evaluation results are being fetched"),
    Outcome.COMPLETE: gettext_lazy("evaluation results complete"),
    Outcome.SWITCHED_OFF: gettext_lazy(
        "evaluation results not fetched: switched off for the account"
    ),
    Outcome.NOT_PERMITTED: gettext_lazy("compliant evaluations not fetched: permission missing"),
    Outcome.FAILED: gettext_lazy("evaluation results not complete: none of them is counted"),
}
SLUGS: dict[str, str] = {
    Outcome.UNDER_WAY: "under-way",
    Outcome.COMPLETE: "compliant",
    Outcome.SWITCHED_OFF: "not-applicable",
    Outcome.NOT_PERMITTED: "insufficient-data",
    Outcome.FAILED: "insufficient-data",
}


@dataclass(frozen=True)
class ResultListWords:
    """The outcome of a list of evaluation results: what happened, what follows, what to do.

    `slug` is the status in whose colour it is shown. `policy` is a RAM policy to copy; empty where
    no permission is missing.
    """

    title: str
    slug: str
    is_complete: bool
    meaning: str = ""
    next_step: str = ""
    policy: str = ""


def describe_result_list(report: Report) -> ResultListWords | None:
    """Return the outcome of a report's list; None if the report was made without one."""
    result_list = find_result_list(report)
    if result_list is None:
        return None
    summary: Mapping[str, Any] = report.results_summary or {}
    if "error_code" in summary:
        return describe_unread_list(summary["error_code"], summary.get("error_facts", {}))
    outcome = result_list.outcome
    meaning, next_step = explain_outcome(result_list)
    is_refused = outcome == Outcome.NOT_PERMITTED
    return ResultListWords(
        title=str(TITLES[outcome]),
        slug=SLUGS[outcome],
        is_complete=result_list.is_complete,
        meaning=meaning,
        next_step=next_step,
        policy=build_policy(report.pack.account.uid) if is_refused else "",
    )


def describe_unread_list(code: str, facts: Mapping[str, Any]) -> ResultListWords:
    """Return the words for a list that was fetched to its end, but could not be read."""
    error = explain_error(code, facts)
    title = _("%(title)s.") % {"title": error.title}
    return ResultListWords(
        title=_("evaluation results not read: none of them is counted"),
        slug=SLUGS[Outcome.FAILED],
        is_complete=False,
        meaning=f"{title} {error.meaning} {get_file_alone_sentence()}",
        next_step=error.next_step,
    )


def get_file_alone_sentence() -> str:
    return _("The report holds what its file lists, and nothing else.")


def explain_outcome(result_list: ResultList) -> tuple[str, str]:
    """Return what the outcome means and what to do; both are empty for a complete list."""
    file_alone = get_file_alone_sentence()
    match result_list.outcome:
        case Outcome.SWITCHED_OFF:
            return file_alone, _(
                "To have them fetched beside the next report, ask an administrator to switch them "
                "on on the account's page."
            )
        case Outcome.NOT_PERMITTED:
            action = result_list.error_facts.get("detail") or LIST_ACTION
            meaning = _("The cloud refused the list: %(action)s is not granted to the AccessKey.")
            return f"{meaning % {'action': action}} {file_alone}", _(
                "Ask an administrator of the cloud account to attach this policy to the RAM user "
                "of the AccessKey, then generate the report again."
            )
        case Outcome.FAILED:
            error = explain_error(result_list.error_code, result_list.error_facts)
            title = _("%(title)s.") % {"title": error.title}
            return f"{title} {error.meaning} {file_alone}", error.next_step
    return "", ""


def build_policy(account_uid: str) -> str:
    """Return the RAM policy, as JSON, that lets a RAM user of the account read the results."""
    policy = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [LIST_ACTION, RULE_ACTION],
                "Resource": f"acs:config:*:{account_uid}:*",
            }
        ],
    }
    return json.dumps(policy, indent=2)


def format_results_name(report: Report, result_list: ResultList) -> str:
    """Return the file name of a list: account, pack and time with its zone.

    A line of the file is one answer of the cloud.
    """
    ended_at = timezone.localtime(result_list.ended_at or result_list.started_at)
    pack = report.pack
    time = f"{ended_at:%Y%m%dT%H%M%z}"
    return f"{pack.account.uid}-{pack.pack_id}-evaluation-results-{time}.jsonl.gz"


def list_result_facts(report: Report) -> list[ProvenanceFact]:
    """Return where the evaluation results of a report come from, for its prints and exports.

    The result is empty for a report that was made without them.
    """
    result_list, words = find_result_list(report), describe_result_list(report)
    if result_list is None or words is None:
        return []
    facts = [ProvenanceFact("results", _("Evaluation results"), words.title)]
    if result_list.original is None:
        return facts
    values = {
        "results_sha256": (_("Evaluation results: SHA-256"), result_list.original.sha256),
        "results_size": (_("Evaluation results: bytes"), str(result_list.original.size)),
        "results_rows": (_("Evaluation results: rows"), str(result_list.rows)),
        "results_first_recorded": (
            _("Evaluation results: first recorded"),
            format_moment(result_list.first_recorded),
        ),
        "results_last_recorded": (
            _("Evaluation results: last recorded"),
            format_moment(result_list.last_recorded),
        ),
        "results_fetched": (
            _("Evaluation results: fetched"),
            format_moment(result_list.ended_at),
        ),
        "results_first_request_id": (
            _("Evaluation results: request id of the first answer"),
            result_list.first_request_id,
        ),
        "results_last_request_id": (
            _("Evaluation results: request id of the last answer"),
            result_list.last_request_id,
        ),
    }
    return facts + [ProvenanceFact(key, label, value) for key, (label, value) in values.items()]


def format_moment(moment: dt.datetime | None) -> str:
    """Return a time with seconds; empty for None."""
    return format_time(moment, with_seconds=True) if moment else ""
