"""Parse the reason why a resource is non-compliant, which the cloud writes as JSON."""

import json
from functools import lru_cache
from typing import NamedTuple

_JSON_FIELDS = {"configuration", "desiredValue", "reason", "operator"}


class Reason(NamedTuple):
    """The parts of a reason: the actual and the expected configuration, and the text to show.

    `operator` says what the value `actual` of `property_path` must be to `expected`: Equals, In ...
    `substance` is the part that is the same in reports of all languages; it is compared and hashed.
    """

    actual: str
    expected: str
    operator: str
    property_path: str
    text: str
    substance: str


@lru_cache(maxsize=50_000)  # a report repeats most of its reasons
def parse_reason(text: str) -> Reason:
    """Return the parts of a reason in the cloud's JSON.

    For any other text, `text` and `substance` are this text, and the other parts are empty.

    https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-listconfigruleevaluationresults
    """
    if not text.startswith("{"):
        return _make_plain_reason(text)
    try:
        values = json.loads(text)
    except ValueError:
        return _make_plain_reason(text)
    if not isinstance(values, dict) or _JSON_FIELDS.isdisjoint(values):
        return _make_plain_reason(text)
    actual, expected, prose, operator, property_path = (
        _format_json_value(values.get(name))
        for name in ("configuration", "desiredValue", "reason", "operator", "property")
    )
    condition = " ".join(filter(None, (operator, property_path)))
    return Reason(actual, expected, operator, property_path, prose, condition or prose)


def _make_plain_reason(text: str) -> Reason:
    return Reason("", "", "", "", text, text)


def _format_json_value(value: object) -> str:
    """Return a text unchanged, and any other value as JSON; "" for None.

    Characters that databases refuse are replaced or removed: half surrogate pairs and NUL.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value.encode("utf-8", "replace").decode().replace("\0", "").strip()
