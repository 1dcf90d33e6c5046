"""The run of a report: its states, and the steps from one state to the next.

Several workers may try the same step, so a worker *claims* it first: it writes its token and an end
time into the row (columns `claim` and `claimed_until`) with a conditional update. It renews the
claim while it works, and writes the outcome only if the row still has its token.
"""

import datetime as dt
import uuid
from typing import Any, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.models.accounts import Pack
from dashboard.models.pack_summaries import PackSummary

# Within this time, a second click on Generate or Cancel is ignored as a double click.
DOUBLE_CLICK_TIME = dt.timedelta(seconds=2)
# The time limit of a run that only reads a file: it may wait for the others of a large import.
READING_LIMIT = dt.timedelta(days=1)
RunModel = TypeVar("RunModel", bound="Run", covariant=True)


class RunQuerySet(models.QuerySet[RunModel]):
    def under_way(self) -> Self:
        """Return the runs that are not ready, failed or cancelled yet."""
        return self.filter(state__in=Run.UNDER_WAY)

    def ready(self) -> Self:
        return self.filter(state=Run.State.READY)

    def due(self, now: dt.datetime) -> Self:
        """Return the runs whose next step is due and not claimed, or whose claim has expired."""
        return self.under_way().filter(
            Q(claimed_until=None) | Q(claimed_until__lt=now), next_at__lte=now
        )


class Run(models.Model):
    """The fields of a report that change while it is being generated or imported."""

    class State(models.TextChoices):
        # Only for runs that have the pack evaluated before the report is requested.
        EVALUATING = "evaluating", _("the cloud is evaluating")
        REQUESTED = "requested", _("asked")
        CREATING = "creating", _("the cloud is preparing")
        FETCHING = "fetching", _("fetching")
        # The cloud's evaluation results of the pack are fetched (see models/result_lists.py).
        LISTING = "listing", _("fetching evaluation results")
        READING = "reading", _("reading")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        # Only for imported reports: the report was ready, and a user has withdrawn it.
        WITHDRAWN = "withdrawn", _("withdrawn")

    UNDER_WAY = (
        State.EVALUATING,
        State.REQUESTED,
        State.CREATING,
        State.FETCHING,
        State.LISTING,
        State.READING,
    )

    class EvaluationOutcome(models.TextChoices):
        """How the evaluation that a user asked for before the report ended."""

        COMPLETE = "complete", _("all rules were evaluated")
        INCOMPLETE = "incomplete", _("not all rules were evaluated in time")
        REFUSED = "refused", _("the cloud refused to evaluate")
        FAILED = "failed", _("whether all rules were evaluated is not known")

    IN_HISTORY = (State.READY, State.WITHDRAWN)

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="reports")
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    # Null if a command started the run.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    # Null if the run was not cancelled, or before this was stored.
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # When the cloud was asked to evaluate the pack again, and how that ended. Null and "" if the
    # user did not ask for it.
    evaluation_asked_at = models.DateTimeField(null=True)
    evaluation_outcome = models.CharField(max_length=12, blank=True, choices=EvaluationOutcome)
    submitted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    # The token of the worker that has claimed the present step, and the time its claim ends.
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    # The time of the next step, and the time at which the run fails if it is still under way.
    next_at = models.DateTimeField(default=timezone.now)
    deadline_at = models.DateTimeField()
    # How often the cloud has been asked whether the report is complete.
    poll_count = models.PositiveIntegerField(default=0)
    # Sent with the request, so that the cloud makes one report even if it is sent twice.
    client_token = models.CharField(max_length=64, default="")
    # ReportCreateTimestamp (ms) of the report that the cloud had before this request, 0 if it had
    # none. Null until the cloud has been asked.
    previous_timestamp = models.BigIntegerField(null=True)
    # True if the cloud was already generating a report of the pack when this run requested one.
    # Both requests receive the same report.
    joined = models.BooleanField(default=False)
    # The number of temporary errors in succession. While the run is under way, the error below is
    # the latest of them, and the step will be tried again.
    failed_attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=100, blank=True)
    error_facts = models.JSONField(default=dict)

    class Meta:
        abstract = True

    @property
    def under_way(self) -> bool:
        """Whether the run is not ready, failed or cancelled yet."""
        return self.state in self.UNDER_WAY

    @property
    def is_just_requested(self) -> bool:
        """Whether a press on Cancel may be the second press on Generate."""
        return timezone.now() - self.requested_at < DOUBLE_CLICK_TIME

    def claim_step(self, seconds: float) -> bool:
        """Claim the current step for this worker, for `seconds`.

        Return False if another worker has claimed the step or the state has changed.
        """
        now, token = timezone.now(), uuid.uuid4()
        unclaimed_runs = type(self)._default_manager.filter(
            Q(claimed_until=None) | Q(claimed_until__lt=now), pk=self.pk, state=self.state
        )
        claimed_until = now + dt.timedelta(seconds=seconds)
        if not unclaimed_runs.update(claim=token, claimed_until=claimed_until):
            return False
        self.claim = token
        return True

    def renew_claim(self, seconds: float) -> bool:
        """Extend the claim to `seconds` from now. Return False if this worker lost the claim."""
        claimed_runs = type(self)._default_manager.filter(pk=self.pk, claim=self.claim)
        claimed_until = timezone.now() + dt.timedelta(seconds=seconds)
        return bool(claimed_runs.update(claimed_until=claimed_until))

    def holds_claim(self) -> bool:
        """Read the row: return whether it still has this worker's claim and the same state."""
        return self._select_claimed_row().exists()

    def has_lost_claim(self) -> bool:
        """Read the row: return whether it has another claim or another state than this object."""
        rows = type(self)._default_manager.filter(pk=self.pk)
        return rows.exclude(claim=self.claim, state=self.state).exists()

    def save_progress(self, **fields: Any) -> bool:
        """Save `fields` and keep the claim. Return False and write nothing if it was lost."""
        if not self._select_claimed_row().update(**fields):
            return False
        for name, value in fields.items():
            setattr(self, name, value)
        return True

    def postpone_step(self, seconds: float) -> bool:
        """Release the claim, so that the same step is taken again in `seconds`."""
        return self.finish_step(next_at=timezone.now() + dt.timedelta(seconds=seconds))

    def finish_step(self, **fields: Any) -> bool:
        """Save `fields`, the outcome of the step, and release the claim.

        Return False and write nothing if this worker lost the claim.
        """
        fields |= {"claim": None, "claimed_until": None}
        with transaction.atomic(savepoint=False):
            if not self._select_claimed_row().update(**fields):
                return False
            PackSummary.objects.record_run_end(self.pk, fields.get("state", self.state))
        for name, value in fields.items():
            setattr(self, name, value)
        return True

    def cancel(self, user: AbstractBaseUser | None) -> bool:
        """End a run under way, even if a worker has claimed it. Return False if it had ended.

        `user` is None if a command cancels the run.
        """
        runs_under_way = type(self)._default_manager.filter(pk=self.pk, state__in=self.UNDER_WAY)
        with transaction.atomic():
            updated_count = runs_under_way.update(
                state=self.State.CANCELLED,
                ended_at=timezone.now(),
                cancelled_by_id=user.pk if user else None,
                claim=None,
                claimed_until=None,
                error_code="cancelled",
            )
            if updated_count:
                PackSummary.objects.record_run_end(self.pk, self.State.CANCELLED)
        self.refresh_from_db()
        return bool(updated_count)

    def _select_claimed_row(self) -> "models.QuerySet[Self]":
        return type(self)._default_manager.filter(pk=self.pk, claim=self.claim, state=self.state)
