"""What a finding says: the actual value, and what is required of it, in the active language."""

import json
from typing import Protocol

from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

# The operators of the cloud's annotations. Each says what the actual value must be for the
# resource to be compliant.
OPERATOR_WORDS = {
    "Equals": _("equal to %(value)s"),
    "StringEquals": _("equal to %(value)s"),
    "NotEquals": _("not equal to %(value)s"),
    "StringNotEquals": _("not equal to %(value)s"),
    "In": _("one of %(value)s"),
    "NotIn": _("none of %(value)s"),
    "ExistsIn": _("existing in %(value)s"),
    "Contains": _("containing %(value)s"),
    "NotContains": _("not containing %(value)s"),
    "Greater": _("greater than %(value)s"),
    "GreaterOrEquals": _("at least %(value)s"),
    "Less": _("less than %(value)s"),
    "LessOrEquals": _("at most %(value)s"),
    "StringMatch": _("matching %(value)s"),
    "IsEmpty": _("empty"),
    "IsNotEmpty": _("not empty"),
}


class Finding(Protocol):
    """The parts of a finding, as an evaluation and a row of a comparison have them."""

    @property
    def actual(self) -> str: ...

    @property
    def expected(self) -> str: ...

    @property
    def operator(self) -> str: ...


def describe_finding(finding: Finding) -> str:
    """Return the finding in words: "actual 26 · required: greater than 30".

    Without an operator, the file does not say how they compare: "actual 26 · compared with 30".
    """
    parts = []
    if finding.actual:
        parts.append(gettext("actual %(value)s") % {"value": format_property_value(finding.actual)})
    requirement = describe_requirement(finding.operator, finding.expected)
    if finding.operator:
        parts.append(gettext("required: %(requirement)s") % {"requirement": requirement})
    elif requirement:
        parts.append(requirement)
    return " · ".join(parts)


def describe_requirement(operator: str, expected: str) -> str:
    """Return what the actual value must be: "greater than 30"; empty where the file says nothing.

    Without an operator: "compared with 30". One that is not known here stands as in the file.
    """
    value = format_property_value(expected)
    if not operator:
        return gettext("compared with %(value)s") % {"value": value} if value else ""
    words = OPERATOR_WORDS.get(operator)
    if words is None:
        return f"{operator} {value}".strip()
    return str(words) % {"value": value or pgettext("a required value", "(empty)")}


def format_property_value(text: str) -> str:
    """Return a JSON list of plain values as "a, b", and any other text as it is."""
    if not text.startswith("["):
        return text
    try:
        items = json.loads(text)
    except ValueError:
        return text
    if not items or any(isinstance(item, (list, dict)) for item in items):
        return text
    return ", ".join(
        item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items
    )
