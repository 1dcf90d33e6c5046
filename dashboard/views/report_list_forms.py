"""The forms that filter a list of reports, and that ask for the report in force on a date."""

import datetime as dt

from django import forms
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.models import Account, Pack, PackSummary, Report
from dashboard.models.reports import ReportQuerySet
from dashboard.queries.days import get_day_end, get_day_start
from dashboard.queries.pack_choices import filter_packs_by_words

MAX_USERS = 500  # whose names begin with what is entered


class ReportListForm(forms.Form):
    """Filter the reports of a pack; an invalid field is not applied."""

    class Result(models.TextChoices):
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        UNDER_WAY = "under-way", _("Under way")

    result = forms.ChoiceField(
        label=_("Result"), required=False, choices=[("", _("All")), *Result.choices]
    )
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    by = forms.CharField(label=_("Started by"), required=False, max_length=150)

    def filter_reports(self, reports: ReportQuerySet) -> ReportQuerySet:
        """Return the reports that match the valid fields; `until` includes the whole day."""
        self.is_valid()  # Fills cleaned_data with the fields that are valid.
        values = self.cleaned_data
        if result := values.get("result"):
            states = Report.UNDER_WAY if result == self.Result.UNDER_WAY else (result,)
            reports = reports.filter(state__in=states)
        if since := values.get("since"):
            reports = reports.filter(listed_at__gte=get_day_start(since))
        if until := values.get("until"):
            reports = reports.filter(listed_at__lt=get_day_end(until))
        if by := values.get("by"):
            # By the ids: the index of a user's reports is in the order of the list.
            users = User.objects.filter(username__istartswith=by).values_list("pk", flat=True)
            reports = reports.filter(requested_by__in=list(users[:MAX_USERS]))
        return reports

    @property
    def has_conditions(self) -> bool:
        return any(self.cleaned_data.values())

    def describe_conditions(self) -> str:
        """Return the conditions in words, for example `Result: Failed, Started by: ann`."""
        texts = []
        for name, value in self.cleaned_data.items():
            if value:
                words = self.Result(value).label if name == "result" else value
                names = {"name": self.fields[name].label, "value": words}
                texts.append(gettext("%(name)s: %(value)s") % names)
        return gettext(", ").join(texts)


class AsOfForm(forms.Form):
    """Ask for the report in force on a date; an invalid date shows an error and no report."""

    as_of = forms.DateField(
        label=_("As of"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def clean_as_of(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["as_of"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("Choose today or an earlier day."))
        return day


class HistoryForm(ReportListForm):
    """Filter the reports of all packs by a text or by a chosen account or pack, too."""

    q = forms.CharField(label=_("Account or pack"), required=False, max_length=200)
    account = forms.ModelChoiceField(
        Account.objects.defer("secret_encrypted"),
        label=_("Account"),
        required=False,
        widget=forms.HiddenInput,
    )
    pack = forms.ModelChoiceField(
        Pack.objects.select_related("account").defer("account__secret_encrypted"),
        label=_("Pack"),
        required=False,
        widget=forms.HiddenInput,
    )
    field_order = ("q", "account", "pack", "result", "since", "until", "by")

    def filter_reports(self, reports: ReportQuerySet) -> ReportQuerySet:
        reports = super().filter_reports(reports)
        if account := self.cleaned_data.get("account"):
            reports = reports.filter(pack__account=account)
        if pack := self.cleaned_data.get("pack"):
            reports = reports.filter(pack=pack)
        if text := self.cleaned_data.get("q"):
            packs = filter_packs_by_words(Pack.objects.order_by(), text)
            reports = reports.filter(pack__in=packs.values("pk"))
        return reports

    def count_reports(self, reports: ReportQuerySet) -> int:
        """Return the number of the filtered reports.

        Where the filter only selects packs, their summaries have it: 104,000 reports are not read.
        """
        conditions = {name: value for name, value in self.cleaned_data.items() if value}
        if conditions.keys() <= {"account", "pack"}:
            return PackSummary.objects.filter(**conditions).sum_report_counts()
        return reports.count()
