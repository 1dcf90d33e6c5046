"""The summary of each pack: one small row of it, so that a page can show thousands of packs."""

from django.db import models
from django.db.models import Case, F, Q, Sum, When
from django.utils.translation import gettext_lazy as _

SPARKLINE_REPORTS = 12  # in the trend of a pack
TREND_WEEKS = 12  # in the trend of an account
WEEK_MILLISECONDS = 7 * 24 * 3_600_000
# The counts of a report that the summary of its pack copies, by their names in both.
REPORT_COUNT_FIELDS = (
    "rated_compliant", "rated_failing", "resources_compliant", "resources_failing",
    "failing", "failing_high", "failing_medium", "failing_low", "came", "left",
)  # fmt: skip
# A pack that needs attention is neither archived nor gone from the cloud.
ACTIVE = Q(archived=False, gone=False)
# A report of the pack can be generated.
IN_CLOUD = Q(archived=False, gone=False, imported=False)


def build_flag(condition: Q) -> models.GeneratedField:
    """Return a column that is true if the condition holds; the database keeps it up to date."""
    return models.GeneratedField(
        expression=Case(When(condition, then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=True,
    )


class PackSummaryQuerySet(models.QuerySet["PackSummary"]):
    def count_new_reports(self, pack_id: int, count: int = 1) -> None:
        """Add the reports that have just been created to the pack's number of reports."""
        self.filter(pack=pack_id).update(report_count=F("report_count") + count)

    def sum_report_counts(self) -> int:
        """Return how many reports these packs have, in any state."""
        return self.aggregate(total=Sum("report_count"))["total"] or 0

    def record_run(self, pack_id: int, report_id: int) -> None:
        """Store that this run, which has just been created, is the pack's last."""
        state = PackSummary.LastRunState.UNDER_WAY
        self.filter(pack=pack_id).update(last_run=report_id, last_run_state=state)

    def record_run_start(self, report_id: int) -> None:
        """Store that a run is under way again, if it is the last of its pack."""
        self.filter(last_run=report_id).update(last_run_state=PackSummary.LastRunState.UNDER_WAY)

    def record_run_end(self, report_id: int, state: str) -> None:
        """Store how a run ended, if it is the last of its pack; `state` is a value of Run.State."""
        if str(state) in PackSummary.LastRunState:
            self.filter(last_run=report_id).update(last_run_state=str(state))


class PackSummary(models.Model):
    """What is worked out of a pack's reports (see ledger/pack_summaries.py) and of its last run."""

    class LastRunState(models.TextChoices):
        """How the run ended that was requested last; "" if there was none."""

        UNDER_WAY = "under-way", _("under way")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    pack = models.OneToOneField("Pack", models.CASCADE, related_name="summary", primary_key=True)
    # Copies from the pack, so that its row need not be read (see Pack.save).
    account = models.ForeignKey("Account", models.CASCADE, related_name="+")
    archived = models.BooleanField(default=False)
    gone = models.BooleanField(default=False)
    imported = models.BooleanField(default=False)
    # Names and ids of the pack and of its account, as fold_lines makes them.
    search_text = models.TextField(editable=False, db_default="")

    # How many reports the pack has, in any state: so the history need not count them.
    report_count = models.PositiveIntegerField(default=0)

    # The newest ready report, its evidence time, and copies of its counts (see Report).
    latest = models.ForeignKey(
        "Report", models.SET_NULL, null=True, related_name="+", db_index=False
    )
    latest_created_at = models.DateTimeField(null=True)
    rated_compliant = models.PositiveIntegerField(default=0)
    rated_failing = models.PositiveIntegerField(default=0)
    resources_compliant = models.PositiveIntegerField(null=True)
    resources_failing = models.PositiveIntegerField(null=True)
    failing = models.PositiveIntegerField(default=0)
    failing_high = models.PositiveIntegerField(default=0)
    failing_medium = models.PositiveIntegerField(default=0)
    failing_low = models.PositiveIntegerField(default=0)
    came = models.PositiveIntegerField(null=True)
    left = models.PositiveIntegerField(null=True)
    # Those of `came` that have a high risk.
    high_risk_came = models.PositiveIntegerField(default=0)
    # [compliant resources, failing resources] of the newest reports, oldest first.
    trend = models.JSONField(default=list)
    # [week, failing evaluations of the report in force at its end] for each week in which the
    # number changed, oldest first (see compute_weekly_failing).
    weekly_failing = models.JSONField(default=list)
    # From this time on there has been no report for longer than usual; null if it is not known what
    # is usual.
    overdue_at = models.DateTimeField(null=True)

    # The generation of a report that was requested last.
    last_run = models.ForeignKey("Report", models.SET_NULL, null=True, related_name="+")
    last_run_state = models.CharField(max_length=9, choices=LastRunState, blank=True)

    has_new_failures = build_flag(ACTIVE & Q(came__gt=0))
    has_new_high_risk_failures = build_flag(ACTIVE & Q(high_risk_came__gt=0))
    has_failed_run = build_flag(ACTIVE & Q(last_run_state="failed"))
    has_no_report = build_flag(IN_CLOUD & Q(latest_created_at__isnull=True))

    objects = PackSummaryQuerySet.as_manager()

    class Meta:
        indexes = [
            # SQLite uses a partial index only for the same condition without parameters.
            models.Index(
                fields=["account"],
                condition=Q(has_new_failures=True),
                name="packs_with_new_failures",
            ),
            models.Index(
                fields=["account"],
                condition=Q(has_new_high_risk_failures=True),
                name="packs_with_new_high_risk",
            ),
            models.Index(
                fields=["account"], condition=Q(has_failed_run=True), name="packs_with_failed_run"
            ),
            models.Index(
                fields=["account"], condition=Q(has_no_report=True), name="packs_without_report"
            ),
            models.Index(
                fields=["overdue_at"],
                condition=IN_CLOUD & Q(overdue_at__isnull=False),
                name="packs_by_overdue_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Summary of pack {self.pack_id}"
