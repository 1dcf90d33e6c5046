"""Parse the reasons of non-compliance, which the cloud writes as JSON."""

import json
from functools import lru_cache
from typing import NamedTuple

_JSON_FIELDS = {"configuration", "desiredValue", "reason", "operator"}


class Reason(NamedTuple):
    """The parts of a reason. `substance` is what stays the same in a report of another language."""

    actual: str
    expected: str
    text: str
    substance: str


@lru_cache(50_000)
def parse_reason(text: str) -> Reason:
    """Return the parts of a reason in the cloud's JSON; any other text is both text and substance.

    https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-listconfigruleevaluationresults
    """
    if not text.startswith("{"):
        return Reason("", "", text, text)
    try:
        values = json.loads(text)
    except ValueError:
        return Reason("", "", text, text)
    if not isinstance(values, dict) or _JSON_FIELDS.isdisjoint(values):
        return Reason("", "", text, text)
    actual, expected, prose, operator, subject = (
        _format_json_value(values.get(name))
        for name in ("configuration", "desiredValue", "reason", "operator", "property")
    )
    condition = " ".join(filter(None, (operator, subject)))
    return Reason(actual, expected, prose or condition, condition or prose)


def _format_json_value(value: object) -> str:
    """Return a text as it is and other values as JSON, without characters that databases refuse."""
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value.encode("utf-8", "replace").decode().replace("\0", "").strip()
