"""Parse the reason why a resource is non-compliant, which the cloud writes as JSON."""

import json
from functools import lru_cache
from typing import NamedTuple

_JSON_FIELDS = {"configuration", "desiredValue", "reason", "operator"}


class Reason(NamedTuple):
    """The parts of a reason: the actual and the expected configuration, and the text to show.

    `substance` is the part that is the same in reports of all languages; it is compared and hashed.
    """

    actual: str
    expected: str
    text: str
    substance: str


@lru_cache(maxsize=50_000)  # a report repeats most of its reasons
def parse_reason(text: str) -> Reason:
    """Return the parts of a reason in the cloud's JSON.

    For any other text, `text` and `substance` are this text, and the other parts are empty.

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
    actual, expected, sentence, operator, property_name = (
        _format_json_value(values.get(name))
        for name in ("configuration", "desiredValue", "reason", "operator", "property")
    )
    condition = " ".join(filter(None, (operator, property_name)))
    return Reason(
        actual=actual,
        expected=expected,
        text=sentence or condition,
        substance=condition or sentence,
    )


def _format_json_value(value: object) -> str:
    """Return a text unchanged, and any other value as JSON; "" for None.

    Characters that databases refuse are replaced or removed: half surrogate pairs and NUL.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value.encode("utf-8", "replace").decode().replace("\0", "").strip()
