"""Reports: their life, their bytes, and what each says of each rule."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.models.accounts import Pack, Rule
from dashboard.models.evaluations import Risk, Status


class Original(models.Model):
    """The bytes of a file in the archive, under their SHA-256: written once, never changed, shared by equal files."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    stored_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256

    @property
    def path(self) -> str:
        """Where the bytes lie in the default storage."""
        return f"originals/{self.sha256[:2]}/{self.sha256}"


class ReportQuerySet(models.QuerySet["Report"]):
    def under_way(self) -> Self:
        return self.filter(state__in=Report.UNDER_WAY)

    def ready(self) -> Self:
        return self.filter(state=Report.State.READY)

    def failed_or_cancelled(self) -> Self:
        return self.filter(state__in=(Report.State.FAILED, Report.State.CANCELLED))

    def due(self, now: dt.datetime) -> Self:
        """Under way, with nobody at work on them, and their time has come."""
        return self.under_way().filter(
            Q(claimed_until=None) | Q(claimed_until__lt=now), next_at__lte=now
        )

    def claim_all(self, reports: Sequence["Report"]) -> bool:
        """Takes reports that are to be read, for the length of a transaction; false where others have one of them."""
        token = uuid.uuid4()
        free = self.due(timezone.now()).filter(
            pk__in=[report.pk for report in reports], state=Report.State.READING
        )
        if free.update(claim=token) < len(reports):
            return False
        for report in reports:
            report.claim = token
        return True

    def newest_first(self) -> Self:
        return self.order_by(F("listed_at").desc(), "-pk")


class Report(models.Model):
    """One report of a pack, from the click to the archive; once ready only label, note and hold change."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("asked")
        CREATING = "creating", _("the cloud is preparing")
        FETCHING = "fetching", _("fetching")
        READING = "reading", _("reading")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Source(models.TextChoices):
        GENERATED = "generated", _("generated")
        IMPORTED = "imported", _("imported")

    UNDER_WAY = (State.REQUESTED, State.CREATING, State.FETCHING, State.READING)

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="reports")
    pack_name = models.CharField(max_length=200)
    source = models.CharField(max_length=9, choices=Source, default=Source.GENERATED)
    state = models.CharField(max_length=9, choices=State, default=State.REQUESTED)
    # Who clicked; null where a command did.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    # Times. `created_at` is the cloud's (for an import the file's own) and is the evidence time.
    requested_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(null=True)
    evaluated_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # What lists are ordered by: the evidence time or, until there is one, the request's.
    listed_at = models.GeneratedField(
        expression=Coalesce("created_at", "requested_at"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    # The life: a step is claimed by a conditional update, and the claim is renewed while the step is at work.
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(default=timezone.now)
    deadline_at = models.DateTimeField()
    poll_count = models.PositiveIntegerField(default=0)
    client_token = models.CharField(max_length=64, default="")
    # ReportCreateTimestamp (ms) of the report that was there before ours; null until it was looked up.
    previous_timestamp = models.BigIntegerField(null=True)
    # The cloud was already making one when we asked: somebody else's click became ours.
    joined = models.BooleanField(default=False)
    # Passing faults in a row; while under way, the error is what the next try hopes to get over.
    failed_attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=100, blank=True)
    error_facts = models.JSONField(default=dict)

    # The bytes and what was read from them.
    original = models.ForeignKey(
        Original, on_delete=models.PROTECT, null=True, related_name="reports"
    )
    file_name = models.CharField(max_length=255, blank=True)
    reader_version = models.PositiveSmallIntegerField(default=0)
    language = models.CharField(max_length=10, blank=True)
    file_kind = models.CharField(max_length=20, blank=True)
    # Which statuses the file lists row by row: "1" where it lists failing resources only.
    listed_statuses = models.JSONField(default=list)
    # What the reader and the reconciliation have to say: [{"code": ..., "facts": {...}}].
    notes = models.JSONField(default=list)
    position = models.BigIntegerField(null=True)
    # A hash over the keys and digests of all evaluations: equal content, whatever the bytes.
    content_hash = models.BigIntegerField(null=True)
    # What its rows have to choose from: {"regions": [...], "types": [...], "accounts": [...]}.
    filter_choices = models.JSONField(default=dict)
    # A hash over the rules and their risks: a change of the pack. Null where the file does not list its rules.
    rules_hash = models.BigIntegerField(null=True)

    # What the rate is made of: rows where the file lists compliant ones, and else the two numbers its overview states.
    rated_compliant = models.PositiveIntegerField(default=0)
    rated_failing = models.PositiveIntegerField(default=0)
    # Counts, fixed once ready.
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
    # Against the report before; null for the first. Reckoned anew when an import comes in between.
    new = models.PositiveIntegerField(null=True)
    fixed = models.PositiveIntegerField(null=True)
    gone = models.PositiveIntegerField(null=True)
    # Others' counts to hold ours against: {"file": {status: n}, "rules": {...} and "resources": {...} of the cloud}.
    stated_counts = models.JSONField(default=dict)

    label = models.CharField(_("label"), max_length=100, blank=True)
    note = models.TextField(_("note"), blank=True)
    held = models.BooleanField(_("hold"), default=False)

    objects = ReportQuerySet.as_manager()

    class Meta:
        permissions = [
            ("generate_report", "Can generate reports and cancel them"),
            ("import_report", "Can import reports"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pack"],
                condition=Q(
                    state__in=("requested", "creating", "fetching", "reading"), source="generated"
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
        ]
        indexes = [
            models.Index(fields=["-listed_at", "-id"], name="newest_first"),
            models.Index(fields=["pack", "-listed_at", "-id"], name="newest_first_of_a_pack"),
            models.Index(fields=["pack", "state", "position"], name="reports_in_their_order"),
            models.Index(fields=["state", "next_at"], name="what_is_due"),
            models.Index(fields=["pack", "content_hash", "position"], name="of_equal_content"),
        ]

    def __str__(self) -> str:
        return f"{self.pack_name} {self.listed_at:%Y-%m-%d %H:%M} UTC"

    @property
    def under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def rated(self) -> tuple[int, int]:
        """Compliant and non-compliant, of which the rate is made; (0, 0) where the file does not say enough."""
        return self.rated_compliant, self.rated_failing

    @property
    def judged(self) -> int:
        """The rate's denominator."""
        return sum(self.rated)

    @property
    def failing_by_risk(self) -> dict[Risk, int]:
        return {
            Risk.HIGH: self.failing_high,
            Risk.MEDIUM: self.failing_medium,
            Risk.LOW: self.failing_low,
        }

    @property
    def counts(self) -> dict[Status, int]:
        return {status: getattr(self, status.field) for status in Status}

    @property
    def lists_compliant(self) -> bool:
        return Status.COMPLIANT in self.listed_statuses

    def claim_step(self, seconds: float) -> bool:
        """Takes the present step, unless somebody is at work on it or it has moved on."""
        now, token = timezone.now(), uuid.uuid4()
        free = Q(claimed_until=None) | Q(claimed_until__lt=now)
        until = now + dt.timedelta(seconds=seconds)
        mine = Report.objects.filter(free, pk=self.pk, state=self.state)
        if not mine.update(claim=token, claimed_until=until):
            return False
        self.claim = token
        return True

    def renew_claim(self, seconds: float) -> bool:
        until = timezone.now() + dt.timedelta(seconds=seconds)
        return bool(Report.objects.filter(pk=self.pk, claim=self.claim).update(claimed_until=until))

    def holds_claim(self) -> bool:
        """Whether the claim that was taken still stands, or nobody has one where none was."""
        return Report.objects.filter(pk=self.pk, claim=self.claim, state=self.state).exists()

    def finish_step(self, **fields: Any) -> bool:
        """Writes a step's outcome and gives the claim back; false, and nothing written, where the claim was lost."""
        mine = Report.objects.filter(pk=self.pk, claim=self.claim, state=self.state)
        fields |= {"claim": None, "claimed_until": None}
        if not mine.update(**fields):
            return False
        for name, value in fields.items():
            setattr(self, name, value)
        return True

    def cancel(self) -> bool:
        """Ends a report under way, whoever is at work on it; false where it had ended already."""
        now = timezone.now()
        mine = Report.objects.filter(pk=self.pk).under_way()
        ended = mine.update(
            state=self.State.CANCELLED,
            ended_at=now,
            claim=None,
            claimed_until=None,
            error_code="cancelled",
        )
        self.refresh_from_db()
        return bool(ended)


class Sheet(models.Model):
    """One sheet of a report's file; its cells lie in the archive (see archive.py), not in the database."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="sheets")
    number = models.PositiveSmallIntegerField()
    member = models.CharField(max_length=255, blank=True)
    member_sha256 = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255)
    hidden = models.BooleanField(default=False)
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    header_row = models.PositiveIntegerField(null=True)
    role = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="a_sheet_has_its_number")
        ]

    def __str__(self) -> str:
        return self.name


class RuleResultQuerySet(models.QuerySet["RuleResult"]):
    def failing_first(self) -> Self:
        """Failing rules first, then risk, then the number of failing resources, then name."""
        failing = models.Case(models.When(failing__gt=0, then=0), default=1)
        return self.order_by(failing, "risk", "-failing", "name", "pk")


class RuleResult(models.Model):
    """A rule as one report knew it, with its counts."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="rule_results")
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="results")
    name = models.CharField(max_length=300)
    risk = models.PositiveSmallIntegerField(choices=Risk, default=Risk.NOT_STATED)
    # {name: value} as GetCompliancePack told when the report was made; null where nobody asked.
    parameters = models.JSONField(null=True)
    failing = models.PositiveIntegerField(default=0)
    compliant = models.PositiveIntegerField(default=0)
    ignored = models.PositiveIntegerField(default=0)
    not_applicable = models.PositiveIntegerField(default=0)
    insufficient_data = models.PositiveIntegerField(default=0)
    # The file's own numbers for this rule, by name of status, where its rule list states them.
    stated_counts = models.JSONField(default=dict)
    new = models.PositiveIntegerField(null=True)
    fixed = models.PositiveIntegerField(null=True)

    objects = RuleResultQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["report", "rule"], name="a_rule_has_one_result_in_a_report"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def judged(self) -> int:
        return self.compliant + self.failing
