"""The cloud's evaluation results of a pack, fetched beside the pack's report.

The operation ListConfigRuleEvaluationResults answers a page of at most 100 evaluations and a token
for the next page. The answers are kept as they came in one file of the archive.
"""

import datetime as dt
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.models.evaluations import convert_milliseconds
from dashboard.models.originals import Original
from dashboard.models.reports import Report


class ResultList(models.Model):
    """The evaluation results fetched for one report: how far it has come, and how it ended."""

    class Outcome(models.TextChoices):
        UNDER_WAY = "under-way", _("being fetched")
        COMPLETE = "complete", _("complete")
        SWITCHED_OFF = "switched-off", _("switched off for the account")
        NOT_PERMITTED = "not-permitted", _("permission missing")
        # The list ended short, contradicted itself, was too long, or its calls failed: see
        # `error_code` and `error_facts`. Nothing of it counts.
        FAILED = "failed", _("not complete")

    report = models.OneToOneField(
        Report, on_delete=models.CASCADE, related_name="result_list", primary_key=True
    )
    outcome = models.CharField(max_length=13, choices=Outcome, default=Outcome.UNDER_WAY)
    # The file of all answers, in the archive; null until the list is complete.
    original = models.ForeignKey(
        Original, on_delete=models.PROTECT, null=True, related_name="result_lists"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    # How far it has come: the token of the next page, and what was stored before it.
    next_token = models.TextField(blank=True)
    pages = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    parts = models.PositiveIntegerField(default=0)
    # How often the list was begun again because the cloud refused the token.
    restarts = models.PositiveSmallIntegerField(default=0)
    # The first and the last ResultRecordedTimestamp of its rows: a list is not of one instant.
    first_recorded_ms = models.BigIntegerField(null=True)
    last_recorded_ms = models.BigIntegerField(null=True)
    # The ids of the rules that have a row.
    rule_ids = models.JSONField(default=list)
    # RequestId of the first and of the last answer.
    first_request_id = models.CharField(max_length=64, blank=True)
    last_request_id = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=100, blank=True)
    error_facts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.report_id}: {self.outcome}"

    @property
    def is_complete(self) -> bool:
        """Whether the list was fetched to its end: only then its rows count."""
        return self.outcome == self.Outcome.COMPLETE

    @property
    def first_recorded(self) -> dt.datetime | None:
        """When the evaluation that the cloud recorded first of all rows was recorded."""
        return convert_milliseconds(self.first_recorded_ms)

    @property
    def last_recorded(self) -> dt.datetime | None:
        """When the evaluation that the cloud recorded last of all rows was recorded."""
        return convert_milliseconds(self.last_recorded_ms)

    @property
    def has_ended(self) -> bool:
        """Whether no more pages are fetched."""
        return self.outcome != self.Outcome.UNDER_WAY

    def extend_time_range(self, first_ms: int | None, last_ms: int | None) -> None:
        """Take the times of more rows into account, without saving."""
        known_first = [time for time in (self.first_recorded_ms, first_ms) if time is not None]
        known_last = [time for time in (self.last_recorded_ms, last_ms) if time is not None]
        self.first_recorded_ms = min(known_first, default=None)
        self.last_recorded_ms = max(known_last, default=None)

    def begin_again(self) -> None:
        """Forget all pages, without saving."""
        self.restarts += 1
        self.next_token, self.pages, self.rows, self.parts = "", 0, 0, 0
        self.first_recorded_ms = self.last_recorded_ms = None
        self.rule_ids = []
        self.first_request_id = self.last_request_id = ""

    def end(self, outcome: Outcome, code: str, facts: dict[str, Any]) -> None:
        """Set how the list ended, without saving; `code` and `facts` are of the error, if any."""
        self.outcome, self.ended_at = outcome, timezone.now()
        self.next_token, self.parts = "", 0
        self.error_code, self.error_facts = code[:100], facts


def find_result_list(report: Report) -> ResultList | None:
    """Return the list fetched for a report; None for imports and reports from before the lists."""
    result_list: ResultList | None = getattr(report, "result_list", None)
    return result_list


def has_result_list(report: Report) -> bool:
    """Return whether a complete list was fetched beside the report's file and could be read."""
    result_list = find_result_list(report)
    is_complete = result_list is not None and result_list.is_complete
    return is_complete and "error_code" not in (report.results_summary or {})
