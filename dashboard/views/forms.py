"""The forms of the pages."""

import datetime as dt
import functools
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.forms.renderers import BaseRenderer
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from dashboard.cloud.endpoints import is_allowed_endpoint, is_endpoint
from dashboard.models import Account, Pack, Preference, Report
from dashboard.models.accounts import ACCOUNT_UID_PATTERN
from dashboard.models.audit import Values
from dashboard.queries.pack_choices import (
    MAX_TEXT,
    PackChoice,
    clean_search_text,
    list_pack_choice,
)
from dashboard.text.time_zones import load_zone_names

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
MAX_USER_NAME = 150  # characters, as Django stores it
FIRST_YEAR = 2015  # Cloud Config did not exist before, so no report is older
LANGUAGES = (("zh-hans", "简体中文"), ("en", "English"))


@functools.cache
def list_other_zones() -> list[str]:
    """Return the sorted names of all time zones except the common ones."""
    return sorted(load_zone_names() - set(COMMON_ZONES))


def list_zone_choices() -> list[Any]:
    """Return the time zones in two groups, for a ChoiceField."""
    return [
        (_("Usual"), [(name, name) for name in COMMON_ZONES]),
        (_("All others"), [(name, name) for name in list_other_zones()]),
    ]


class ZoneSelect(forms.Select):
    """A select of time zones, whose options one template renders.

    Django renders two templates for each of the 600 options, which takes most of a page's time.
    """

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,  # noqa: ARG002  # the project's own templates
    ) -> SafeString:
        context = {
            "name": name,
            "value": value,
            "attrs": self.build_attrs(self.attrs, attrs),
            "groups": self.choices,
        }
        return render_to_string("zone_select.html", context)


class SignInForm(AuthenticationForm):
    """Sign in; a name that is longer than any user's is not looked for and not counted."""

    username = UsernameField(
        max_length=MAX_USER_NAME, widget=forms.TextInput(attrs={"autofocus": True})
    )


class PreferenceForm(forms.Form):
    """Edit a user's preferences."""

    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=list_zone_choices,
        widget=ZoneSelect,
        help_text=_("Every time is shown in this zone; each page names it once."),
    )
    theme = forms.ChoiceField(
        label=_("Theme"), choices=Preference.Theme, initial=Preference.Theme.SYSTEM, required=False
    )

    def clean_theme(self) -> str:
        return self.cleaned_data["theme"] or Preference.Theme.SYSTEM


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """Edit an account.

    The stored secret is never shown; if the field is left empty, the stored secret is kept.
    """

    secret = forms.CharField(
        label=_("AccessKey secret"),
        required=False,
        strip=True,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Account
        fields = ("name", "uid", "site", "access_key_id", "endpoint", "fetches_results")
        widgets = {
            "access_key_id": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        }

    field_order = (
        "name", "uid", "site", "access_key_id", "secret", "endpoint", "fetches_results",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        if self.instance.secret_encrypted:
            self.fields["secret"].help_text = _("A secret is stored. Leave this empty to keep it.")
        else:
            self.fields["secret"].help_text = _("Stored encrypted, and never shown again.")

    def clean_endpoint(self) -> str:
        endpoint: str = self.cleaned_data["endpoint"]
        if endpoint and not is_endpoint(endpoint):
            raise forms.ValidationError(
                _(
                    "Enter a host and, if needed, a port, and nothing else: "
                    "for example config-vpc.cn-hangzhou.aliyuncs.com."
                )
            )
        if endpoint and not is_allowed_endpoint(endpoint, settings.ENDPOINT_HOSTS):
            raise forms.ValidationError(
                _(
                    "This is not a host of Cloud Config. The server administrator can allow other "
                    "hosts with the setting ENDPOINT_HOSTS."
                )
            )
        return endpoint

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

    def list_changes(self) -> tuple[Values, Values]:
        """Return the old and the new values of the changed fields; of a secret only that it is new.

        The form must be valid.
        """
        before: Values = {name: self.initial.get(name, "") for name in self.changed_data}
        after: Values = {name: self.cleaned_data[name] for name in self.changed_data}
        if "secret" in after:
            before["secret"], after["secret"] = False, True
        return before, after


class AnnotationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """Edit the label, the note and the hold of a report; a held report is never deleted."""

    class Meta:
        model = Report
        fields = ("label", "note", "held")
        widgets = {"note": forms.Textarea({"rows": 4})}
        help_texts = {
            "held": _("Keeps this report if a retention rule is ever set. (There is none today.)")
        }


class IdentityForm(forms.Form):
    """Ask for the account, pack and time of an imported file that leaves them open.

    `known_pack` is one of the packs that a search with the text of `pack_search` lists. Another
    account or pack is created only if the user ticks `creates_pack`. Account and pack must be those
    that the file's content states, if it states them (`stated_account`, `stated_pack`).
    """

    pack_search = forms.CharField(
        label=_("Search the known packs"), required=False, max_length=MAX_TEXT
    )
    known_pack = forms.ModelChoiceField(
        Pack.objects.select_related("account").defer("account__secret_encrypted"),
        label=_("Known pack"),
        required=False,
    )
    account_uid = forms.RegexField(
        ACCOUNT_UID_PATTERN,
        label=_("or account ID"),
        required=False,
        error_messages={"invalid": _("Enter the 16-digit account ID.")},
    )
    pack_id = forms.RegexField(
        r"^c[a-z]-[0-9A-Za-z]{1,60}$",
        label=_("and pack ID"),
        required=False,
        error_messages={
            "invalid": _(
                "A pack ID has letters, digits and hyphens only, "
                "for example cp-6f0d62a3b1c94e75a208."
            )
        },
    )
    creates_pack = forms.BooleanField(
        label=_("Create this account or pack: it is not known here yet"), required=False
    )
    created_at = forms.DateTimeField(
        label=_("Report created"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        help_text=_("As shown in the console, in your time zone."),
    )

    def __init__(
        self, *args: Any, stated_account: str = "", stated_pack: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.stated_account, self.stated_pack = stated_account, stated_pack

    @property
    def pack_choice(self) -> PackChoice:
        """The packs to choose from: the chosen one, then those that the search finds."""
        text = clean_search_text(self["pack_search"].value())
        return list_pack_choice(self.find_chosen_pack(), text)

    def find_chosen_pack(self) -> Pack | None:
        """Return the pack that is chosen, even if the file's content states another one."""
        if not self.is_bound:
            return self.initial.get("known_pack")
        try:
            pack: Pack | None = self.fields["known_pack"].clean(self["known_pack"].value())
        except forms.ValidationError:
            return None
        return pack

    def clean(self) -> dict[str, Any]:
        """Put account and pack of the chosen pack into the fields of the ids."""
        cleaned = super().clean() or {}
        if pack := cleaned.get("known_pack"):
            for name in {"account_uid", "pack_id"} & self.errors.keys():
                del self.errors[name]
            self.check_stated_ids("known_pack", pack.account.uid, pack.pack_id)
            return cleaned | {"account_uid": pack.account.uid, "pack_id": pack.pack_id}
        account_uid, pack_id = cleaned.get("account_uid"), cleaned.get("pack_id")
        if not (account_uid and pack_id):
            if not self.errors:
                text = _("Choose a known pack, or enter an account ID and a pack ID.")
                self.add_error("known_pack", text)
            return cleaned
        self.check_stated_ids("account_uid", account_uid, pack_id)
        is_known = Pack.objects.filter(account__uid=account_uid, pack_id=pack_id).exists()
        if not is_known and not cleaned.get("creates_pack"):
            text = _("This account or pack is not known here. Choose a known one, or create it.")
            self.add_error("creates_pack", text)
        return cleaned

    def check_stated_ids(self, field: str, account_uid: str, pack_id: str) -> None:
        """Add an error to a field if the file's content states another account or pack."""
        if self.stated_account and account_uid != self.stated_account:
            text = _("The file's content says account %(stated)s, not %(chosen)s.")
            self.add_error(field, text % {"stated": self.stated_account, "chosen": account_uid})
        if self.stated_pack and pack_id != self.stated_pack:
            text = _("The file's content says pack %(stated)s, not %(chosen)s.")
            self.add_error(field, text % {"stated": self.stated_pack, "chosen": pack_id})

    def clean_created_at(self) -> dt.datetime:
        created_at: dt.datetime = self.cleaned_data["created_at"]
        if created_at.year < FIRST_YEAR or created_at > timezone.now():
            raise forms.ValidationError(
                _("This date is not possible: before Cloud Config existed, or in the future.")
            )
        return created_at


class ReasonForm(forms.Form):
    """Ask why an imported report is withdrawn, or why its withdrawal is taken back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=1_000, strip=True, widget=forms.Textarea({"rows": 3})
    )
