"""Forms and filters: they turn what a browser sends into typed values, or say in words what is wrong."""

import datetime as dt
import functools
import zoneinfo
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.models import Account, Pack, Preference, Report
from dashboard.models.reports import ReportQuerySet

COMMON_ZONES = (
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "UTC",
)
LANGUAGES = (("zh-hans", "简体中文"), ("en", "English"))


@functools.cache
def zones() -> tuple[str, ...]:
    """Every zone by its name, the usual ones first."""
    return (
        *COMMON_ZONES,
        *sorted(zoneinfo.available_timezones() - {*COMMON_ZONES, "localtime", "Factory"}),
    )


def zone_choices() -> list[Any]:
    names = zones()
    usual, others = names[: len(COMMON_ZONES)], names[len(COMMON_ZONES) :]
    return [
        (_("Usual"), [(name, name) for name in usual]),
        (_("All others"), [(name, name) for name in others]),
    ]


class PreferenceForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        help_text=_("Every time is shown in this zone, and says so."),
    )
    theme = forms.ChoiceField(
        label=_("Theme"), choices=Preference.Theme, initial=Preference.Theme.SYSTEM, required=False
    )

    def clean_theme(self) -> str:
        return self.cleaned_data["theme"] or Preference.Theme.SYSTEM


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """An account; its secret can be written and never read, and an empty field keeps the one that is stored."""

    secret = forms.CharField(
        label=_("AccessKey secret"),
        required=False,
        strip=True,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Account
        fields = ("name", "uid", "site", "access_key_id", "endpoint")
        widgets = {
            "access_key_id": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        }

    field_order = ("name", "uid", "site", "access_key_id", "secret", "endpoint")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        if self.instance.secret_encrypted:
            self.fields["secret"].help_text = _("A secret is stored. Leave this empty to keep it.")
        else:
            self.fields["secret"].help_text = _("Stored encrypted, and never shown again.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("access_key_id") and not (
            cleaned.get("secret") or self.instance.secret_encrypted
        ):
            self.add_error("secret", _("Enter the AccessKey secret."))
        return cleaned

    def save(self, commit: bool = True) -> Account:
        if secret := self.cleaned_data["secret"]:
            self.instance.secret = secret
        account: Account = super().save(commit)
        return account


class ReportListForm(forms.Form):
    """Which of a pack's reports are listed; what does not validate narrows nothing, and the form says so."""

    class Result(models.TextChoices):
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
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

    def narrow(self, reports: ReportQuerySet) -> ReportQuerySet:
        self.is_valid()
        wanted = self.cleaned_data
        if result := wanted.get("result"):
            states = Report.UNDER_WAY if result == self.Result.UNDER_WAY else (result,)
            reports = reports.filter(state__in=states)
        if since := wanted.get("since"):
            reports = reports.filter(listed_at__gte=midnight(since))
        if until := wanted.get("until"):
            reports = reports.filter(listed_at__lt=midnight(until + dt.timedelta(days=1)))
        if by := wanted.get("by"):
            reports = reports.filter(requested_by__username__istartswith=by)
        return reports

    @property
    def has_conditions(self) -> bool:
        return any(self.cleaned_data.values())

    @property
    def query(self) -> str:
        """The filter as the query string of another page of the same list."""
        return urlencode({name: value for name, value in self.cleaned_data.items() if value})


class HistoryForm(ReportListForm):
    """The same over all packs, which may be narrowed to an account or a pack."""

    account = forms.TypedChoiceField(
        label=_("Account"), required=False, coerce=int, empty_value=None
    )
    pack = forms.TypedChoiceField(label=_("Pack"), required=False, coerce=int, empty_value=None)
    field_order = ("account", "pack", "result", "since", "until", "by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = Account.objects.values_list("pk", "name")
        packs = Pack.objects.values_list("pk", "account__name", "name")
        self.choose("account", [(pk, name) for pk, name in accounts])
        self.choose("pack", [(pk, f"{account} · {name}") for pk, account, name in packs])

    def choose(self, name: str, choices: list[tuple[int, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.choices = [("", _("All")), *choices]

    def narrow(self, reports: ReportQuerySet) -> ReportQuerySet:
        reports = super().narrow(reports)
        if account := self.cleaned_data.get("account"):
            reports = reports.filter(pack__account=account)
        if pack := self.cleaned_data.get("pack"):
            reports = reports.filter(pack=pack)
        return reports


class AnnotationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """What may be changed of a finished report."""

    class Meta:
        model = Report
        fields = ("label", "note", "held")
        widgets = {"note": forms.Textarea({"rows": 4})}
        help_texts = {
            "held": _("Keeps this report if a retention rule is ever set. (There is none today.)")
        }


class PlaceForm(forms.Form):
    """Where an imported file belongs, for what neither its name nor its content says."""

    account_uid = forms.RegexField(
        r"^\d{16}$",
        label=_("Account ID"),
        error_messages={"invalid": _("Enter the 16-digit account ID.")},
    )
    pack_id = forms.RegexField(
        r"^c[a-z]-[0-9A-Za-z]{1,60}$",
        label=_("Pack ID"),
        error_messages={
            "invalid": _(
                "A pack ID has letters, digits and hyphens only, "
                "for example cp-6f0d62a3b1c94e75a208."
            )
        },
    )
    created_at = forms.DateTimeField(
        label=_("Report created"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        help_text=_("As shown in the console, in your time zone."),
    )

    def clean_created_at(self) -> dt.datetime:
        moment: dt.datetime = self.cleaned_data["created_at"]
        if moment > timezone.now() or moment.year < 2015:
            raise forms.ValidationError(
                _("This date is not possible: before Cloud Config existed, or in the future.")
            )
        return moment


def midnight(day: dt.date) -> dt.datetime:
    """When a day begins in the reader's zone."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
