"""An answer of the cloud as it came: its bytes, its HTTP status and its time."""

import json
import math
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import orjson

from dashboard.cloud.answers import AnswerError
from dashboard.cloud.errors import AnswerProblem

MAX_DATE_HEADER_DIFFERENCE_MS = 60 * 60 * 1000  # a header Date further from our clock is ignored


@dataclass
class RawAnswer:
    """The body of an answer, its HTTP status, and the cloud's time in it (None if not stated).

    `call_seconds` passed from the request to the end of the answer. `is_strict_json` tells, after
    `decode_json`, whether the body is JSON for every reader.
    """

    body: bytes
    status: int
    cloud_time_ms: int | None
    call_seconds: float
    is_strict_json: bool = False

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def decode_json(self) -> object:
        """Return the JSON value of the body. Raise ValueError or RecursionError if it has none."""
        try:
            answer: object = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            # A byte order mark, half of a surrogate pair, NaN ... Decoded to text here, because
            # json accepts other encodings, and half of a surrogate pair in UTF-8.
            return json.loads(self.body.decode("utf-8-sig"))
        self.is_strict_json = True
        return answer

    def require_strict_json(self) -> bytes:
        """Return the body; raise AnswerError if a strict reader of JSON would refuse it."""
        if not self.is_strict_json:
            raise AnswerError(AnswerProblem.NOT_JSON, "not strict JSON")
        return self.body

    def estimate_request_time(self) -> int:
        """Return a time in milliseconds that is not later than the request.

        The cloud's clock is taken, because ours may differ from it. It states whole seconds, of the
        moment of its answer.
        """
        now_ms = int(time.time() * 1000)
        answered_ms = now_ms if self.cloud_time_ms is None else self.cloud_time_ms
        if abs(answered_ms - now_ms) > MAX_DATE_HEADER_DIFFERENCE_MS:
            answered_ms = now_ms
        return answered_ms - math.ceil(self.call_seconds) * 1000


def parse_cloud_time(date: str) -> int | None:
    """Return the time of the header Date in milliseconds; None if it is missing or wrong."""
    try:
        return int(parsedate_to_datetime(date).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
