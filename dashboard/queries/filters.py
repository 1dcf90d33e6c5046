"""What a reader asked to see of a report: a query string as one typed value, and back again."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.models import Risk, Status

STATUSES = {status.slug: status for status in Status}
RISKS = {risk.slug: risk for risk in (Risk.HIGH, Risk.MEDIUM, Risk.LOW, Risk.NOT_STATED)}
NAMES = {
    "status": _("status"),
    "risk": _("risk"),
    "rule": _("rule"),
    "region": _("region"),
    "type": _("resource type"),
    "account": _("account"),
    "q": _("search"),
    "sort": _("order"),
    "page": _("page"),
    "open": _("opened rule"),
}
# What narrows a table; the others only say how it is shown.
NARROWING = ("status", "risk", "rule", "region", "type", "account", "q")


class FilterForm(forms.Form):
    """The parser: each field that does not validate is left out."""

    status = forms.TypedChoiceField(
        required=False,
        choices=[(slug, slug) for slug in STATUSES],
        coerce=STATUSES.__getitem__,
        empty_value=None,
    )
    risk = forms.TypedChoiceField(
        required=False,
        choices=[(slug, slug) for slug in RISKS],
        coerce=RISKS.__getitem__,
        empty_value=None,
    )
    rule = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    region = forms.CharField(required=False, max_length=64)
    type = forms.CharField(required=False, max_length=128)
    account = forms.CharField(required=False, max_length=32)
    q = forms.CharField(required=False, max_length=200)
    sort = forms.ChoiceField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    open = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def __init__(self, data: QueryDict, orders: tuple[str, ...]) -> None:
        super().__init__(data)
        sort = self.fields["sort"]
        assert isinstance(sort, forms.ChoiceField)  # noqa: S101  # declared above
        sort.choices = [(sign + order, order) for order in orders for sign in ("", "-")]


@dataclass(frozen=True)
class EvaluationFilter:
    """The rows wanted, their order, the page of them, and the rule that stands open."""

    status: Status | None = None
    risk: Risk | None = None
    rule: int | None = None
    region: str = ""
    type: str = ""
    account: str = ""
    q: str = ""
    sort: str = ""
    page: int = 1
    open: int | None = None
    # Names of what the query string said and was no such thing.
    dropped: tuple[str, ...] = ()

    @classmethod
    def parse(cls, query: QueryDict, orders: tuple[str, ...] = ()) -> Self:
        """The filter of a query string, in a table that can be put into these orders."""
        form = FilterForm(query, orders)
        form.is_valid()
        wanted: dict[str, Any] = {
            name: value for name, value in form.cleaned_data.items() if value not in ("", None)
        }
        return cls(**wanted, dropped=tuple(name for name in form.fields if name in form.errors))

    @property
    def words(self) -> list[str]:
        """The words of the search, case-folded as the rows' text is."""
        return self.q.casefold().split()

    @property
    def has_conditions(self) -> bool:
        return any(getattr(self, name) not in ("", None) for name in NARROWING)

    @property
    def needs_row_scan(self) -> bool:
        """Whether rows must be looked at one by one: no counts are kept by these."""
        return bool(self.region or self.type or self.account or self.words)

    def replace(self, **changes: Any) -> Self:
        """The filter with changes; a new one begins on its first page with nothing open."""
        return dataclasses.replace(self, **{"page": 1, "open": None, "dropped": (), **changes})

    def query_string(self, **changes: Any) -> str:
        """The filter with changes, as a link's `?...`."""
        return "?" + urlencode(self.replace(**changes).query_pairs)

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        """What the filter says, as the query string has it."""
        pairs = []
        for name in NAMES:
            value = getattr(self, name)
            if isinstance(value, Status | Risk):
                pairs.append((name, value.slug))
            elif value and not (name == "page" and value == 1):
                pairs.append((name, str(value)))
        return pairs

    def chips(self, rule: str = "") -> list[tuple[str, str]]:
        """What narrows, each in words and with the link that takes it away. `rule`: the name of the rule, if one."""
        chips = []
        for name in NARROWING:
            value = getattr(self, name)
            if value in ("", None):
                continue
            word = (
                rule or value
                if name == "rule"
                else value.label
                if isinstance(value, Status | Risk)
                else value
            )
            words = gettext("%(name)s: %(value)s") % {"name": NAMES[name], "value": word}
            chips.append(
                (words, self.query_string(**{name: "" if isinstance(value, str) else None}))
            )
        return chips

    def describe(self, rule: str = "") -> str:
        """What narrows, as a sentence's end: for print, exports and empty tables."""
        return " · ".join(word for word, _link in self.chips(rule)) or gettext("all rows")
