"""Call an operation of the API: sign the request, repeat it after temporary errors, end it in time.

The operations themselves are in client.py.
"""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import ClassVar, Self, TypeVar

import httpx
import stamina

from dashboard.cloud.answers import AnswerError, JsonObject
from dashboard.cloud.auth import V3Auth
from dashboard.cloud.errors import (
    AnswerProblem,
    CloudError,
    create_status_error,
    has_error_code,
    parse_json_error,
    parse_xml_error,
)
from dashboard.cloud.raw_answers import RawAnswer, parse_cloud_time
from dashboard.cloud.time_limit import TimeLimit, never_stop
from dashboard.cloud.transport import (
    open_http_client,
    read_answer,
    read_error_document,
    to_cloud_error,
)

MAX_WAIT = 8.0  # seconds between two attempts

ParsedAnswer = TypeVar("ParsedAnswer")


class ApiCaller:
    """Calls the operations of one API for one account; use it as a context manager.

    `endpoint` is a host, or an address with scheme and port. All times are seconds. One attempt of
    a call, from the connect to the last byte of the answer, may take `timeout`; all attempts
    together, and the waits between them, may take `retry_timeout`. A call has at most `attempts`;
    the wait before the second is `initial_wait` plus a random part, and each further wait is twice
    as long. A call also ends soon after `is_stopped` returns true.
    Each call raises CloudError, and nothing else, for any error of the network or the cloud.
    """

    version: ClassVar[str]

    def __init__(
        self,
        endpoint: str,
        access_key_id: str,
        secret: str,
        *,
        security_token: str | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 15.0,
        scheme: str = "https",
        attempts: int = 4,
        retry_timeout: float = 60.0,
        initial_wait: float = 0.5,
        is_stopped: Callable[[], bool] = never_stop,
    ) -> None:
        self._secrets = [text for text in (access_key_id, secret, security_token) if text]
        self._attempts = attempts
        self._timeout = timeout
        self._retry_timeout = retry_timeout
        self._initial_wait = initial_wait
        self._time_limit = TimeLimit(is_stopped)
        self._http = open_http_client(
            address=endpoint if "://" in endpoint else f"{scheme}://{endpoint}",
            time_limit=self._time_limit,
            auth=V3Auth(access_key_id, secret, security_token),
            headers={"accept": "application/json", "x-acs-version": self.version},
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(
        self,
        method: str,
        action: str,
        parse_answer: Callable[[JsonObject], ParsedAnswer],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> ParsedAnswer:
        """Call an operation and return its parsed answer; repeat the call after temporary errors.

        `query` and `form` are the parameters in the URL and in the body.
        """
        return self._call_with_body(
            method, action, lambda answer, _raw: parse_answer(answer), query, form
        )

    def _call_with_body(
        self,
        method: str,
        action: str,
        parse_answer: Callable[[JsonObject, RawAnswer], ParsedAnswer],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> ParsedAnswer:
        """Call an operation as `_call` does; `parse_answer` takes the JSON and the raw answer."""
        self._time_limit.start_call(self._retry_timeout)
        if self._attempts == 1:
            return self._attempt_call(method, action, parse_answer, query, form)
        last_error: CloudError | None = None
        for attempt in stamina.retry_context(
            on=self._is_worth_another_attempt,
            attempts=self._attempts,
            timeout=self._retry_timeout,
            wait_initial=self._initial_wait,
            wait_jitter=self._initial_wait,
            wait_max=MAX_WAIT,
        ):
            with attempt:
                try:
                    return self._attempt_call(method, action, parse_answer, query, form)
                except CloudError as error:
                    if last_error and error.code == "TimedOut" and self._time_limit.is_over:
                        raise last_error from None  # it says why there is no answer
                    last_error = error
                    raise
        raise AssertionError("a retry context returns or raises")

    def _attempt_call(
        self,
        method: str,
        action: str,
        parse_answer: Callable[[JsonObject, RawAnswer], ParsedAnswer],
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> ParsedAnswer:
        """Call an operation once, and return its parsed answer."""
        self._time_limit.start_attempt(self._timeout)
        raw = self._send_request(method, action, query, form)
        answer = self._decode_answer(raw, action)
        try:
            return parse_answer(answer, raw)
        except AnswerError as error:
            raise self._create_bad_answer_error(
                f"{action} was answered with {error.problem}: {error.detail}",
                error.problem,
                error.detail,
                request_id=answer.get("RequestId"),
            ) from None

    def _is_worth_another_attempt(self, error: Exception) -> bool:
        is_temporary = isinstance(error, CloudError) and error.is_temporary
        return is_temporary and not self._time_limit.is_over

    def _send_request(
        self,
        method: str,
        action: str,
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> RawAnswer:
        """Send one request and return the answer."""
        started_at = time.monotonic()
        try:
            with self._http.stream(
                method, "/", params=query, data=form, headers={"x-acs-action": action}
            ) as response:
                read_body = read_answer if response.is_success else read_error_document
                body = read_body(response, self._time_limit)
        except (httpx.HTTPError, httpx.StreamError, OSError, ValueError) as error:
            raise to_cloud_error(error, self._secrets) from error
        cloud_time_ms = parse_cloud_time(response.headers.get("date", ""))
        seconds = time.monotonic() - started_at
        return RawAnswer(body, response.status_code, cloud_time_ms, seconds)

    def _decode_answer(self, raw: RawAnswer, action: str) -> JsonObject:
        """Return the JSON object of an answer; raise CloudError if it is an error or no JSON."""
        try:
            answer = raw.decode_json()
        except (ValueError, RecursionError):
            if xml_error := parse_xml_error(raw.body, status=raw.status, hide=self._secrets):
                raise xml_error from None
            message = f"{action} was answered with status {raw.status} and no JSON"
            if not raw.is_success:
                raise create_status_error(raw.status, message, self._secrets) from None
            raise self._create_bad_answer_error(
                message, AnswerProblem.NOT_JSON, status=raw.status
            ) from None
        if not isinstance(answer, dict):
            if not raw.is_success:
                message = f"{action} was answered with status {raw.status} and no JSON object"
                raise create_status_error(raw.status, message, self._secrets)
            raise self._create_bad_answer_error(
                f"{action} was answered with JSON that is no object",
                AnswerProblem.NOT_OBJECT,
                status=raw.status,
            )
        if has_error_code(answer) or not raw.is_success:
            raise parse_json_error(answer, status=raw.status, action=action, hide=self._secrets)
        return answer

    def _create_bad_answer_error(
        self,
        message: str,
        problem: AnswerProblem,
        detail: str = "",
        *,
        status: int = 200,
        request_id: object = "",
    ) -> CloudError:
        """Return the error for an answer of the cloud that cannot be read."""
        return CloudError(
            "BadAnswer",
            message,
            status=status,
            request_id=request_id if isinstance(request_id, str) else "",
            problem=problem,
            detail=detail,
            hide=self._secrets,
        )
