"""The filters of tables: parse a query string into a typed object, and write it back as a link."""

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.models import EvaluationSource, Risk, Status

STATUS_BY_SLUG = {status.slug: status for status in Status}
RISKS = {risk.slug: risk for risk in (Risk.HIGH, Risk.MEDIUM, Risk.LOW, Risk.NOT_STATED)}
SOURCES = {source.slug: source for source in EvaluationSource}
PARAMETER_LABELS = {
    "show": _("state"),
    "bucket": _("change"),
    "direction": _("changes"),
    "reason": _("why"),
    "status": _("status"),
    "risk": _("risk"),
    "rule": _("rule"),
    "region": _("region"),
    "type": _("resource type"),
    "account": _("account"),
    "source": _("source"),
    "q": _("search"),
    "sort": _("order"),
    "page": _("page"),
    "open": _("opened row"),
    "packs": _("page of packs"),
}
PAGE_PARAMETERS = ("page", "packs")


def build_risk_field() -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        required=False,
        choices=[(slug, slug) for slug in RISKS],
        coerce=RISKS.__getitem__,
        empty_value=None,
    )


def build_id_field() -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class TableFilterForm(forms.Form):
    """Parse the query parameters that all tables have; see TableFilter.parse."""

    risk = build_risk_field()
    rule = build_id_field()
    q = forms.CharField(required=False, max_length=200)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)


@dataclass(frozen=True)
class TableFilter:
    """The conditions on the rows of a table, and the number of the page that is shown.

    A subclass adds the fields of one kind of table. The names of the fields are the names of the
    parameters in the query string.
    """

    form_class: ClassVar[type[forms.Form]] = TableFilterForm
    # The fields that select rows; the other fields only say how the rows are shown.
    conditions: ClassVar[tuple[str, ...]] = ("risk", "rule", "q")

    risk: Risk | None = None
    rule: int | None = None
    q: str = ""
    page: int = 1
    # Names of parameters that did not validate.
    ignored: tuple[str, ...] = ()

    @classmethod
    def parse(cls, query: QueryDict, *form_arguments: Any) -> Self:
        """Return the filter of a query string.

        Invalid parameters are not applied; their names are in `ignored`.
        """
        if not any(name in query for name in cls.form_class.base_fields):
            return cls()  # a form takes much of the time of a poll
        form = cls.form_class(query, *form_arguments)
        form.is_valid()  # Fills cleaned_data and errors; an invalid field is no failure here.
        values = {
            name: value for name, value in form.cleaned_data.items() if value not in ("", None)
        }
        # PARAMETER_LABELS gives the names a fixed order, in which a page lists them.
        ignored = tuple(name for name in PARAMETER_LABELS if name in form.errors)
        return cls(**values, ignored=ignored)

    @property
    def search_words(self) -> list[str]:
        """The words of the search, case-folded because the stored search text is case-folded."""
        return self.q.casefold().split()

    @property
    def has_conditions(self) -> bool:
        return any(getattr(self, name) not in ("", None) for name in self.conditions)

    def replace(self, **changes: Any) -> Self:
        """Return a copy of the filter with these fields changed, on the first page."""
        return dataclasses.replace(self, **{"page": 1, "ignored": (), **changes})

    def query_string(self, **changes: Any) -> str:
        """Return the query string, with its `?`, of the filter with these fields changed."""
        return "?" + urlencode(self.replace(**changes).query_pairs)

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        """Names and values of the query string, without empty values and without page 1."""
        values = {name: getattr(self, name, None) for name in PARAMETER_LABELS}
        return [
            (name, format_parameter(value))
            for name, value in values.items()
            if value not in ("", None) and not (name in PAGE_PARAMETERS and value == 1)
        ]

    @property
    def condition_pairs(self) -> list[tuple[str, str]]:
        """The pairs of the query string that select rows."""
        return [(name, value) for name, value in self.query_pairs if name in self.conditions]

    def chips(self, rule_name: str = "", **labels: str) -> list[tuple[str, str]]:
        """Return each condition in words, with the query string of the filter without it.

        `labels` gives the text for the value of a condition, by the name of the condition. Without
        one, the text is the value's own label.
        """
        labels["rule"] = rule_name
        chips = []
        for name in self.conditions:
            value = getattr(self, name)
            if value in ("", None):
                continue
            label = labels.get(name) or getattr(value, "label", value)
            text = gettext("%(name)s: %(value)s") % {"name": PARAMETER_LABELS[name], "value": label}
            empty_value = "" if isinstance(value, str) else None
            chips.append((text, self.query_string(**{name: empty_value})))
        return chips

    def describe(self, rule_name: str = "", **labels: str) -> str:
        """Return all conditions in words, or "all rows" if there is none."""
        chips = self.chips(rule_name, **labels)
        return " · ".join(text for text, _link in chips) or gettext("all rows")


def format_parameter(value: Any) -> str:
    """Return a value as text for the query string: the slug of a status or risk."""
    plain_value = value.value if isinstance(value, Enum) else value
    return str(getattr(value, "slug", plain_value))


class EvaluationFilterForm(TableFilterForm):
    """Parse the query parameters of a report's tables; `orders` are the allowed values of sort."""

    status = forms.TypedChoiceField(
        required=False,
        choices=[(slug, slug) for slug in STATUS_BY_SLUG],
        coerce=STATUS_BY_SLUG.__getitem__,
        empty_value=None,
    )
    region = forms.CharField(required=False, max_length=64)
    type = forms.CharField(required=False, max_length=128)
    account = forms.CharField(required=False, max_length=32)
    source = forms.TypedChoiceField(
        required=False,
        choices=[(slug, slug) for slug in SOURCES],
        coerce=SOURCES.__getitem__,
        empty_value=None,
    )
    sort = forms.ChoiceField(required=False)
    open = build_id_field()

    def __init__(self, data: QueryDict, orders: tuple[str, ...] = ()) -> None:
        super().__init__(data)
        sort = self.fields["sort"]
        assert isinstance(sort, forms.ChoiceField)  # noqa: S101  # declared above
        # A minus sign before the name of an order means descending.
        sort.choices = [(sign + order, order) for order in orders for sign in ("", "-")]


@dataclass(frozen=True)
class EvaluationFilter(TableFilter):
    """The conditions on a report's tables, the order of the rows, and the opened rule.

    `sort` is the name of an order, with a leading "-" for descending. `open` is the id of the rule
    whose resources are shown inside the table of rules.
    """

    form_class: ClassVar[type[forms.Form]] = EvaluationFilterForm
    conditions: ClassVar[tuple[str, ...]] = (
        "status", "risk", "rule", "region", "type", "account", "source", "q",
    )  # fmt: skip

    status: Status | None = None
    region: str = ""
    type: str = ""
    account: str = ""
    source: EvaluationSource | None = None
    sort: str = ""
    open: int | None = None

    def replace(self, **changes: Any) -> Self:
        """Return a copy with these fields changed, on the first page and with no rule open."""
        return super().replace(**{"open": None, **changes})

    @property
    def needs_row_scan(self) -> bool:
        """Whether the rows must be read to count them: no counts are stored for these fields."""
        return bool(self.has_row_conditions or self.search_words)

    @property
    def has_row_conditions(self) -> bool:
        """Whether the filter has conditions, besides the search, that only rows can meet."""
        return bool(self.region or self.type or self.account or self.source)
