"""The filter of home: which packs it shows, and how its address says so."""

from dataclasses import dataclass
from typing import ClassVar

from django import forms
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.models import PackSummary, Risk
from dashboard.models.pack_summaries import IN_CLOUD, PackSummaryQuerySet
from dashboard.queries.filters import RISKS, TableFilter, TableFilterForm, build_id_field
from dashboard.queries.text_conditions import build_names_condition

RISK_FIELDS = {
    Risk.HIGH: "failing_high",
    Risk.MEDIUM: "failing_medium",
    Risk.LOW: "failing_low",
}


class PackState(models.TextChoices):
    """The kinds of packs that home can show; the first five need attention."""

    NEW = "new", _("New failures")
    NEW_HIGH = "new-high", _("New failures of high risk")
    FAILED = "failed", _("Last generation failed")
    OVERDUE = "overdue", _("No report for longer than usual")
    NEVER = "never", _("No report yet")
    UNDER_WAY = "under-way", _("Report under way")
    GONE = "gone", _("Gone from the cloud, or only imported")
    ARCHIVED = "archived", _("Archived")


# PackState.OVERDUE depends on the time.
STATE_CONDITIONS = {
    PackState.NEW: Q(has_new_failures=True),
    PackState.NEW_HIGH: Q(has_new_high_risk_failures=True),
    PackState.FAILED: Q(has_failed_run=True),
    PackState.NEVER: Q(has_no_report=True),
    PackState.UNDER_WAY: Q(archived=False, last_run_state="under-way"),
    PackState.GONE: Q(archived=False) & (Q(gone=True) | Q(imported=True)),
    PackState.ARCHIVED: Q(archived=True),
}


class HomeFilterForm(TableFilterForm):
    """Parse the query parameters of home; see TableFilter.parse."""

    account = forms.CharField(required=False, max_length=100)
    risk = forms.TypedChoiceField(
        required=False,
        choices=[(risk.slug, risk.label) for risk in RISK_FIELDS],
        coerce=RISKS.__getitem__,
        empty_value=None,
    )
    show = forms.TypedChoiceField(
        required=False, choices=PackState.choices, coerce=PackState, empty_value=None
    )
    open = build_id_field()
    packs = forms.IntegerField(required=False, min_value=1, max_value=100_000)


@dataclass(frozen=True)
class HomeFilter(TableFilter):
    """The conditions on the packs of home.

    `account` are words, each in any part of the account's name or ID; `q` are words, each in any
    part of the name or ID of the pack or its account. `risk` selects packs that have failures of
    this risk. `open` is the id of the account that is opened, `packs` the number of its page of
    packs.
    """

    form_class: ClassVar[type[forms.Form]] = HomeFilterForm
    conditions: ClassVar[tuple[str, ...]] = ("show", "account", "q", "risk")

    account: str = ""
    show: PackState | None = None
    open: int | None = None
    packs: int = 1

    def replace(self, **changes: object) -> "HomeFilter":
        """Return a copy with these fields changed, on the first pages and with no account open."""
        return super().replace(**{"open": None, "packs": 1, **changes})

    def select_summaries(self) -> PackSummaryQuerySet:
        """Return the summaries of the packs that match; archived ones only if it asks for them."""
        return PackSummary.objects.filter(self.build_condition())

    def build_condition(self) -> Q:
        """Return the condition on the summaries of packs."""
        condition = build_state_condition(self.show)
        condition &= build_names_condition(self.account, "account__search_text")
        condition &= build_names_condition(self.q)
        if self.risk:
            condition &= Q(**{f"{RISK_FIELDS[self.risk]}__gt": 0})
        return condition


def build_state_condition(state: PackState | None) -> Q:
    """Return the condition that selects packs in this state.

    Without a state, it selects all packs that are not archived.
    """
    if state == PackState.OVERDUE:
        return IN_CLOUD & Q(overdue_at__lt=timezone.now())
    return STATE_CONDITIONS[state] if state else Q(archived=False)
