"""Each fault does what its description says, within its limits, and nothing else."""

import errno
import http.client
import socket
import time
from io import StringIO

import httpx
import pytest
import xlrd
from xlrd.biffh import XLRDError

from dashboard.sandbox.server import run_server_in_thread
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, get_error_code

PACK = "cp-2b8e47d09a6c4f13b5d7"
OTHER = "cp-6f0d62a3b1c94e75a208"
LIST = "ListCompliancePacks"


@pytest.mark.parametrize(
    ("fault", "status", "expected"),
    [
        ("throttling", 400, "Throttling.User"),
        ("unavailable", 503, "ServiceUnavailable"),
        ("internal-error", 500, "InternalError"),
        ("forbidden", 403, "Forbidden.RAM"),
        ("no-permission", 403, "NoPermission"),
        ("not-activated", 404, "AccountNotExisted"),
        ("no-service-role", 404, "CloudConfigServiceRoleNotExisted"),
    ],
)
def test_an_api_fault_answers_the_given_number_of_requests(
    caller: Caller, fault: str, status: int, expected: str
) -> None:
    caller.sandbox.faults.set(fault, times=2)
    answers = [caller.call(LIST) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert get_error_code(answers[0]) == expected


def test_a_denied_access_names_the_missing_right(caller: Caller) -> None:
    caller.sandbox.faults.set("forbidden")
    detail = caller.generate_report(PACK).json()["AccessDeniedDetail"]
    assert detail["AuthAction"] == "config:GenerateCompliancePackReport"


def test_a_fault_can_be_limited_to_one_operation_and_pack(caller: Caller) -> None:
    caller.sandbox.faults.set("unavailable", on="GenerateCompliancePackReport", pack=PACK)
    assert get_error_code(caller.generate_report(PACK)) == "ServiceUnavailable"
    assert caller.generate_report(OTHER).status_code == 200
    assert caller.call("GetCompliancePackReport", CompliancePackId=PACK).status_code == 200


def test_a_fault_can_be_limited_in_time(caller: Caller) -> None:
    caller.sandbox.faults.set("throttling", lasting=0)
    assert caller.call(LIST).status_code == 200


def test_a_fault_can_be_cleared(caller: Caller) -> None:
    caller.sandbox.faults.set("throttling")
    caller.sandbox.faults.clear("throttling")
    assert caller.call(LIST).status_code == 200


def test_an_unknown_fault_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        sandbox.faults.set("gremlins")


def test_the_fault_slow_delays_the_answer(caller: Caller) -> None:
    caller.sandbox.faults.set("slow", times=1, delay=0.2)
    started_at = time.monotonic()
    caller.call(LIST)
    assert time.monotonic() - started_at >= 0.2


def test_never_completes_leaves_a_report_creating(caller: Caller) -> None:
    caller.sandbox.faults.set("never-completes")
    caller.generate_report(PACK)
    assert caller.get_report(PACK)["ReportStatus"] == "CREATING"
    assert get_error_code(caller.generate_report(PACK)) == "CompliancePackReportCreating"
    caller.sandbox.faults.clear()
    assert caller.get_report(PACK)["ReportStatus"] == "COMPLETE"


def test_never_completes_leaves_a_complete_report_alone(caller: Caller) -> None:
    caller.generate_report(PACK)
    assert caller.get_report(PACK)["ReportStatus"] == "COMPLETE"
    caller.sandbox.faults.set("never-completes")
    assert caller.get_report(PACK)["ReportStatus"] == "COMPLETE"


def test_previous_report_shows_the_report_before_the_latest(caller: Caller) -> None:
    caller.generate_report(PACK)
    first_report = caller.get_report(PACK)
    caller.generate_report(PACK)
    caller.sandbox.faults.set("previous-report", times=2)
    timestamps = [caller.get_report(PACK)["ReportCreateTimestamp"] for _ in range(3)]
    assert timestamps[:2] == [first_report["ReportCreateTimestamp"]] * 2
    assert timestamps[2] > first_report["ReportCreateTimestamp"]


def test_an_expired_link_is_given_once(caller: Caller) -> None:
    caller.generate_report(PACK)
    caller.sandbox.faults.set("expired-link", times=1)
    answers = [caller.client.get(caller.get_report(PACK)["ReportUrl"]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [403, 200]
    assert b"Request has expired." in answers[0].content


def test_html_page_serves_a_page_instead_of_the_file(caller: Caller) -> None:
    caller.sandbox.faults.set("html-page", times=1)
    assert caller.generate_and_download(PACK).startswith(b"<!DOCTYPE html>")


def test_a_corrupt_file_cannot_be_read(caller: Caller) -> None:
    caller.sandbox.faults.set("corrupt")
    content = caller.generate_and_download(PACK)
    assert content[:8] == bytes.fromhex("d0cf11e0a1b11ae1")
    with pytest.raises(Exception):  # noqa: B017, PT011 (xlrd raises many kinds of errors)
        xlrd.open_workbook(file_contents=content, logfile=StringIO())


def test_an_encrypted_file_is_recognised_by_xlrd(caller: Caller) -> None:
    caller.sandbox.faults.set("encrypted")
    with pytest.raises(XLRDError, match="encrypted"):
        xlrd.open_workbook(file_contents=caller.generate_and_download(PACK))


def test_a_cut_off_download_is_shorter_than_its_content_length(caller: Caller) -> None:
    caller.generate_report(PACK)
    caller.sandbox.faults.set("cut-off", times=1)
    answer = caller.client.get(caller.get_report(PACK)["ReportUrl"])
    assert len(answer.content) < int(answer.headers["content-length"])


def test_a_cut_off_download_is_a_protocol_error_over_http(caller: Caller) -> None:
    caller.generate_report(PACK)
    url = httpx.URL(caller.get_report(PACK)["ReportUrl"])
    caller.sandbox.faults.set("cut-off", times=1)
    with run_server_in_thread(caller.sandbox) as address, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://{address}{url.raw_path.decode()}", timeout=60, trust_env=False)


def test_a_reset_in_process_is_a_connection_error(caller: Caller) -> None:
    caller.sandbox.faults.set("reset", times=1)
    with pytest.raises(ConnectionResetError):
        caller.call(LIST)


def test_a_reset_over_http_resets_the_connection(sandbox: Sandbox) -> None:
    sandbox.faults.set("reset", times=1)
    with run_server_in_thread(sandbox) as address:
        host, port = address.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(OSError, match="reset") as caught:
                connection.recv(1)
    assert caught.value.errno == errno.ECONNRESET


def test_faults_are_set_listed_and_cleared_over_http(sandbox: Sandbox, caller: Caller) -> None:
    client = caller.client
    answer = client.post("/-/faults", params={"name": "throttling", "times": 2, "on": LIST})
    assert answer.json()["faults"][0] == {
        "name": "throttling",
        "times": 2,
        "on": LIST,
        "pack": None,
        "until": None,
        "delay": 3.0,
        "page": None,
    }
    assert get_error_code(caller.call(LIST)) == "Throttling.User"
    assert client.get("/-/faults").json()["faults"][0]["times"] == 1
    assert client.request("DELETE", "/-/faults").json()["faults"] == []


@pytest.mark.parametrize("query", ["name=gremlins", "name=slow&delay=x", "name=slow&speed=1", ""])
def test_a_fault_that_cannot_be_set_is_a_bad_request(caller: Caller, query: str) -> None:
    assert caller.client.post(f"/-/faults?{query}").status_code == 400


def test_faults_can_be_set_from_this_machine_only(sandbox: Sandbox) -> None:
    transport = httpx.WSGITransport(app=sandbox, remote_addr="192.0.2.7")
    with httpx.Client(transport=transport, base_url="http://x") as client:
        assert client.post("/-/faults?name=throttling").status_code == 403
    assert sandbox.faults.list_as_json() == []


def test_a_chunked_body_is_read_over_http(sandbox: Sandbox) -> None:
    with run_server_in_thread(sandbox) as address:
        connection = http.client.HTTPConnection(address)
        connection.request(
            "POST",
            "/-/faults",
            body=iter([b"name=thro", b"ttling&times=1"]),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            encode_chunked=True,
        )
        assert connection.getresponse().status == 200
        connection.close()
    assert sandbox.faults.list_as_json()[0]["name"] == "throttling"
