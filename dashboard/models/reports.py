"""Reports of packs. A report is a run (see runs.py) and the evidence that the run produced."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.db import models, transaction
from django.db.models import F, Prefetch, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from dashboard.models.evaluations import Risk, Status, make_position
from dashboard.models.originals import Original
from dashboard.models.pack_summaries import PackSummary
from dashboard.models.runs import Run, RunQuerySet

STATUS_FIELDS = tuple(status.field for status in Status)
# What the two rates are computed from, and why one may be missing.
RATE_FIELDS = (
    "rated_compliant", "rated_failing", "resources_compliant", "resources_failing",
    "resources_source", "listed_statuses",
)  # fmt: skip
USER_FIELDS = ("requested_by", "cancelled_by", "withdrawn_by")
# A report has more than fifty columns. Each list names those that one kind of page reads.
LIST_FIELDS = (
    "pack", "pack_name", "source", "state", "listed_at", "evaluated_at", "received_at",
    "error_code", "error_facts", "file_name", "label", "held", "rows", "remarks",
    *RATE_FIELDS, "came", "left", "changes_by_reason",
    "failing", "failing_high", "failing_medium", "failing_low",
    "original__size", "withdrawn_at", "withdrawal_reason", *USER_FIELDS,
)  # fmt: skip
RUN_STATUS_FIELDS = (
    "pack__gone_at", "pack__account__fetches_results", "pack_name", "source", "state",
    "requested_at", "evaluation_asked_at", "joined", "error_code", "error_facts",
    "cancelled_by__username",
)  # fmt: skip
OVERVIEW_FIELDS = (
    "pack", "state", "requested_at", "created_at", "came", "left", "changes_by_reason",
    *RATE_FIELDS, "failing", "failing_high", "failing_medium", "failing_low",
)  # fmt: skip
CHANGE_FIELDS = ("pack", "position", "listed_statuses", "failing", "rules", "stated_counts")


def pair_known_counts(compliant: int | None, failing: int | None) -> tuple[int, int] | None:
    """Return both counts of a rate; None if one of them is unknown."""
    return None if compliant is None or failing is None else (compliant, failing)


class ReportQuerySet(RunQuerySet["Report"]):
    def bulk_create(self, objs: Iterable["Report"], *args: Any, **kwargs: Any) -> list["Report"]:
        """Create reports; count them in their packs' summaries, in the same transaction."""
        with transaction.atomic():
            reports = super().bulk_create(objs, *args, **kwargs)
            for pack_id, count in Counter(report.pack_id for report in reports).items():
                PackSummary.objects.count_new_reports(pack_id, count)
        return reports

    def newest_first(self) -> Self:
        return self.order_by(F("listed_at").desc(), "-pk")

    def with_list_fields(self, *more_fields: str) -> Self:
        """Load only the fields that a row of a report list shows, and `more_fields`."""
        # Users are few, and three joins to them take PostgreSQL longer to plan than all else.
        users = User.objects.only("username")
        return (
            self.select_related("original")
            .only(*LIST_FIELDS, *more_fields)
            .prefetch_related(*(Prefetch(name, users) for name in USER_FIELDS))
        )

    def with_status_fields(self) -> Self:
        """Load only what the status of a run shows."""
        return self.select_related("pack__account", "cancelled_by").only(*RUN_STATUS_FIELDS)

    def with_leftover_spans(self) -> Self:
        """Return the failed, cancelled and withdrawn reports that may still have spans.

        Such a report has a position only until its spans are removed.
        """
        state = self.model.State
        ended_states = (state.FAILED, state.CANCELLED, state.WITHDRAWN)
        return self.filter(state__in=ended_states, position__isnull=False)

    def with_uncounted_changes(self) -> Self:
        """Return the ready reports whose changes since the report before are not counted yet."""
        return self.filter(state=self.model.State.READY, changes_by_reason__isnull=True)

    def with_rule_list(self) -> Self:
        """Return the reports that state all rules of their pack, in the file or beside it."""
        listed_beside = Q(results_summary__lists_rules=True)
        return self.filter(Q(sheets__role="rules") | listed_beside).distinct()

    def with_change_fields(self) -> Self:
        """Load only the fields that are needed to find the changes between two reports."""
        return self.only(*CHANGE_FIELDS)


class Report(Run):
    """A report of a pack: its request, its run and its results.

    When a report is ready, only these fields change: `label`, `note` and `held` (a held report is
    never deleted), and the counts of changes since the previous report, if an import is added or
    withdrawn between the two. Withdrawing an import changes `state`, `position` and `withdrawn_*`,
    and taking it back changes them again.
    """

    class Source(models.TextChoices):
        GENERATED = "generated", _("generated")
        IMPORTED = "imported", _("imported")

    class ResourcesSource(models.TextChoices):
        ROWS = "rows", _("counted from the rows of the file")
        OVERVIEW = "overview", _("stated by the file's overview")
        RESULTS = "results", _("counted from the rows of the file and the evaluation results")

    pack_name = models.CharField(max_length=200)
    source = models.CharField(max_length=9, choices=Source, default=Source.GENERATED)

    # The evidence time: when the cloud made the report or, for an import, the time that the file
    # states.
    created_at = models.DateTimeField(null=True)
    evaluated_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    # Lists are ordered by this: the evidence time or, until it is known, the time of the request.
    listed_at = models.GeneratedField(
        expression=Coalesce("created_at", "requested_at"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    original = models.ForeignKey(
        Original, on_delete=models.PROTECT, null=True, related_name="reports"
    )
    file_name = models.CharField(max_length=255, blank=True)
    reader_version = models.PositiveSmallIntegerField(default=0)
    language = models.CharField(max_length=10, blank=True)
    file_kind = models.CharField(max_length=20, blank=True)
    # The statuses that the file lists row by row: [1] for a file of failing resources only.
    listed_statuses = models.JSONField(default=list)
    # Remarks on the file, as dictionaries with the fields of workbook.remarks.Remark. Reports that
    # the first version of the reader read have remarks on counts that differ, too.
    remarks = models.JSONField(default=list)
    # Orders the reports of a pack (see evaluations.py).
    position = models.BigIntegerField(null=True)
    # A hash of all evaluations: equal for files that state the same, even if their bytes differ.
    content_hash = models.BigIntegerField(null=True)
    # The values to filter by: {"regions": [...], "types": [...], "accounts": [...]}.
    filter_choices = models.JSONField(default=dict)
    # A hash of the rules and their risks: it differs once the pack has changed. Null if neither the
    # file nor, beside evaluation results, the cloud lists all rules.
    rules_hash = models.BigIntegerField(null=True)

    # What the evaluation rate is computed from: rows, counted. 0 and 0 if the file does not list
    # both the compliant and the failing ones.
    rated_compliant = models.PositiveIntegerField(default=0)
    rated_failing = models.PositiveIntegerField(default=0)
    # What the resource rate is computed from: distinct resources, counted from the rows if the file
    # lists compliant and failing ones, otherwise stated by its overview. Null if neither.
    resources_compliant = models.PositiveIntegerField(null=True)
    resources_failing = models.PositiveIntegerField(null=True)
    resources_source = models.CharField(max_length=8, choices=ResourcesSource, blank=True)
    rows = models.PositiveIntegerField(default=0)
    rules = models.PositiveIntegerField(default=0)
    failing = models.PositiveIntegerField(default=0)
    failing_high = models.PositiveIntegerField(default=0)
    failing_medium = models.PositiveIntegerField(default=0)
    failing_low = models.PositiveIntegerField(default=0)
    compliant = models.PositiveIntegerField(default=0)
    ignored = models.PositiveIntegerField(default=0)
    not_applicable = models.PositiveIntegerField(default=0)
    insufficient_data = models.PositiveIntegerField(default=0)
    # Failing evaluations that came and left since the report before: failing before + came - left
    # = failing. Null if there is none, or if one of the two files does not list them.
    came = models.PositiveIntegerField(null=True)
    left = models.PositiveIntegerField(null=True)
    # Their parts: {ChangeReason: count}, of all risks and of high risk. Null until they are
    # counted (see ledger/change_counts.py).
    changes_by_reason = models.JSONField(null=True)
    high_risk_changes_by_reason = models.JSONField(null=True)
    # What the cloud and the file state, to be compared with our counts:
    # "cloud_rules" and "cloud_resources": {name of Status or "TOTAL": count}, fetched with the
    # file;
    # "parameters": {rule id: {name: value}}, fetched with the file;
    # "rules": {rule id: facts}, fetched with the file. The facts are "name", "risk", "text" (key of
    # its RuleText), "status" (name of Status) and, of a rule without evaluations, from
    # GetConfigRule "state", "error_code", "error_message" and "evaluated_ms", or "is_gone" if the
    # cloud has it no more;
    # "overview": {name of status in the file's overview: count};
    # "shown_from_overview": names of the statuses whose count on the pages is the overview's.
    stated_counts = models.JSONField(default=dict)
    # How the evaluation results fetched beside the file were merged with the file's rows; null if
    # none were read:
    # "answers", "rows": the answers of the cloud in the list, and the rows of all answers;
    # "skipped": rows that name no status, no rule or no resource and are not counted;
    # "repeated": rows that repeat rule and resource of another row, of which the one evaluated
    # last counts; "contradicting": those of them with another status than the one that counts;
    # "both", "only_file", "only_results": evaluations by source (see EvaluationSource);
    # "disagreements": evaluations on whose status file and results disagree: they are counted as
    # the file has them;
    # the first hundred of them are in "disagreement_rows", each a dictionary of "key", "rule" (a
    # primary key), "resource_id", "resource_name", "file_status" and "results_status", and the
    # times of both evaluations, "file_evaluated_ms" and "results_evaluated_ms", 0 if not stated;
    # "lists_rules": whether all rules of the pack are known, also those without evaluations;
    # "first_recorded_ms", "last_recorded_ms": the first and the last ResultRecordedTimestamp of
    # the rows, 0 if none states it;
    # "error_code", "error_facts": why the list could not be read (see workbook.errors); then all
    # evaluations are the file's, and the other keys are missing.
    results_summary = models.JSONField(null=True)
    # The result of holding each stated count against ours (see ledger.reconciliation.CountCheck).
    # Null if the report was stored before these checks existed and was not rebuilt since.
    count_checks = models.JSONField(null=True)

    # Where the report comes from. Of a generated one: "generate_request_id", "get_request_id",
    # "created_ms" (ReportCreateTimestamp), "key_account" (owner of the AccessKey), "answer_account"
    # and "answer_pack" of the cloud's answer, and of the download "host", "path", "etag",
    # "content_md5", "crc64", "last_modified" and "length". Of an imported one: "account", "pack"
    # and "time", each {"by": which witness decided, "stated": {witness: value}}; the witnesses are
    # "name", "content", "rows", "evaluations", "person" and "pack" (see imports/identity.py).
    provenance = models.JSONField(default=dict)

    # Who withdrew an imported report, when and why; its file and its entry stay.
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    withdrawal_reason = models.TextField(_("reason"), blank=True)

    label = models.CharField(_("label"), max_length=100, blank=True)
    note = models.TextField(_("note"), blank=True)
    held = models.BooleanField(_("hold"), default=False)

    objects = ReportQuerySet.as_manager()

    class Meta:
        permissions = [
            ("generate_report", "Can generate reports and cancel them"),
            ("import_report", "Can import reports"),
            ("evaluate_pack", "Can have packs evaluated before a report"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pack"],
                condition=Q(
                    state__in=(
                        "evaluating",
                        "requested",
                        "creating",
                        "fetching",
                        "listing",
                        "reading",
                    ),
                    source="generated",
                ),
                name="one_report_under_way_per_pack",
            ),
            models.UniqueConstraint(fields=["pack", "position"], name="one_report_per_position"),
            models.CheckConstraint(
                condition=~Q(state="ready")
                | Q(
                    original__isnull=False,
                    position__isnull=False,
                    created_at__isnull=False,
                    received_at__isnull=False,
                    ended_at__isnull=False,
                ),
                name="a_ready_report_has_its_bytes_times_and_place",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn")
                | Q(
                    source="imported",
                    original__isnull=False,
                    withdrawn_at__isnull=False,
                )
                & ~Q(withdrawal_reason=""),
                name="a_withdrawn_report_has_its_bytes_and_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["-listed_at", "-id"], name="newest_first"),
            models.Index(fields=["pack", "-listed_at", "-id"], name="newest_first_of_a_pack"),
            models.Index(fields=["state", "-listed_at", "-id"], name="newest_first_of_a_state"),
            models.Index(
                fields=["requested_by", "-listed_at", "-id"], name="newest_first_of_a_user"
            ),
            models.Index(fields=["pack", "state", "position"], name="reports_in_their_order"),
            models.Index(fields=["state", "next_at"], name="what_is_due"),
            models.Index(
                fields=["pack", "position"],
                condition=Q(state="ready", changes_by_reason__isnull=True),
                name="changes_not_counted",
            ),
            models.Index(fields=["pack", "content_hash", "position"], name="of_equal_content"),
        ]

    def __str__(self) -> str:
        return f"{self.pack_name} {self.listed_at:%Y-%m-%d %H:%M} UTC"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the report; count a new one in its pack's summary, in the same transaction."""
        if not self._state.adding:
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            super().save(*args, **kwargs)
            PackSummary.objects.count_new_reports(self.pack_id)

    @property
    def rate_counts(self) -> tuple[int, int]:
        """The counts (compliant, failing) of the evaluation rate; (0, 0) if the file has none."""
        return self.rated_compliant, self.rated_failing

    @property
    def resource_rate_counts(self) -> tuple[int, int] | None:
        """The counts (compliant, failing) of the resource rate; None if there are none."""
        return pair_known_counts(self.resources_compliant, self.resources_failing)

    @property
    def failing_by_risk(self) -> dict[Risk, int]:
        return {
            Risk.HIGH: self.failing_high,
            Risk.MEDIUM: self.failing_medium,
            Risk.LOW: self.failing_low,
        }

    @property
    def counts(self) -> dict[Status, int]:
        """The number of evaluations with each status."""
        return {status: getattr(self, status.field) for status in Status}

    @property
    def lists_compliant(self) -> bool:
        """Whether the file lists compliant resources row by row."""
        return Status.COMPLIANT in self.listed_statuses

    def require_original(self) -> Original:
        """Return the original file. Raise ValueError if the report has no file yet."""
        if self.original is None:
            raise ValueError(f"Report {self.pk} has no file yet")
        return self.original

    def require_position(self) -> int:
        """Return the position. Raise ValueError if the report has none yet."""
        if self.position is None:
            raise ValueError(f"Report {self.pk} has no position yet")
        return self.position

    def compute_position(self) -> int:
        """Return the position computed from the evidence time and the file's hash.

        Raise ValueError if one of them is missing. The report is not changed.
        """
        if self.created_at is None or self.original_id is None:
            raise ValueError(f"Report {self.pk} has no evidence time or no file yet")
        return make_position(self.created_at, self.original_id)

    def update_annotations(
        self, user: AbstractBaseUser, *, label: str, note: str, held: bool
    ) -> None:
        """Save label, note and `held` (a held report is never deleted), and log what changed.

        Writes nothing if all values are unchanged. This instance itself is not updated.
        """
        annotations = {"label": label, "note": note, "held": held}
        with transaction.atomic():
            report = Report.objects.select_for_update().get(pk=self.pk)
            after = {
                name: value for name, value in annotations.items() if value != getattr(report, name)
            }
            if not after:
                return
            before = {name: getattr(report, name) for name in after}
            report.audit.create(by_id=user.pk, action="annotate", before=before, after=after)
            Report.objects.filter(pk=self.pk).update(**after)
