"""Parse the reason why a resource is non-compliant, which the cloud writes as JSON.

Some of these texts are escaped more than once: as JSON inside a JSON string, with or without its
quotation marks, or with the entities of HTML.
"""

import html
import json
from functools import lru_cache
from typing import NamedTuple

_JSON_FIELDS = {"configuration", "desiredValue", "reason", "operator"}
# How the JSON of a reason begins if it is not escaped, a JSON string, or escaped for HTML.
_JSON_BEGINNINGS = ("{", '"', "&quot;", "&#34;", "&amp;")
_MAX_JSON_LENGTH = 100_000  # a cell of a workbook has 32,767 characters
_MAX_ESCAPE_LEVELS = 4


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
    """Return the parts of a reason in the cloud's JSON, which may be escaped more than once.

    For any other text, `text` and `substance` are this text, and the other parts are empty.
    Never raises an error.

    https://www.alibabacloud.com/help/en/cloud-config/latest/api-config-2020-09-07-listconfigruleevaluationresults
    """
    try:
        values = _decode_fields(text)
        if values is None:
            return _make_plain_reason(text)
        actual, expected, prose, operator, property_path = (
            _format_json_value(values.get(name))
            for name in ("configuration", "desiredValue", "reason", "operator", "property")
        )
    except RecursionError:  # lists or objects within each other, hundreds of levels deep
        return _make_plain_reason(text)
    condition = " ".join(filter(None, (operator, property_path)))
    return Reason(actual, expected, operator, property_path, prose, condition or prose)


@lru_cache(maxsize=50_000)
def get_finding(reason: Reason) -> tuple[str, str, str, str, str]:
    """Return the parts of a reason without its substance."""
    return (*reason[:4], reason.text)


def _decode_fields(text: str) -> dict[str, object] | None:
    """Return the fields of a reason's JSON, or None for any other text.

    Each round removes one level of escaping.
    """
    if len(text) > _MAX_JSON_LENGTH or not text.startswith(_JSON_BEGINNINGS):
        return None
    for _level in range(_MAX_ESCAPE_LEVELS):
        decoded = _decode_one_level(text)
        if isinstance(decoded, dict):
            return None if _JSON_FIELDS.isdisjoint(decoded) else decoded
        if not isinstance(decoded, str) or decoded == text:
            return None
        text = decoded.strip()
    return None


def _decode_one_level(text: str) -> object:
    """Return what the text says without its outermost escaping; None if it has none."""
    candidates = [text]
    if text.startswith('{\\"'):  # the content of a JSON string, without its quotation marks
        candidates.append(f'"{text}"')
    for candidate in candidates:
        try:
            return json.loads(candidate, strict=False)  # line breaks within texts are allowed
        except ValueError:
            continue
    return html.unescape(text) if "&" in text else None


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
