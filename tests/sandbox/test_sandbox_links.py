"""The links: signed, expiring, and gone with the report they led to."""

from xml.etree import ElementTree

import httpx

from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller, Clock

PACK = "cp-2b8e47d09a6c4f13b5d7"


def error(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    root = ElementTree.fromstring(answer.content)  # noqa: S314 (our own answer)
    assert root.tag == "Error"
    return answer.status_code, root.findtext("Code"), root.findtext("Message")


def test_a_link_works_until_it_expires(caller: Caller, clock: Clock) -> None:
    caller.generate(PACK)
    url = caller.report(PACK)["ReportUrl"]
    clock.now += 3599
    assert caller.client.get(url).status_code == 200
    clock.now += 2
    assert error(caller.client.get(url)) == (403, "AccessDenied", "Request has expired.")


def test_an_altered_link_is_refused(caller: Caller) -> None:
    caller.generate(PACK)
    url = caller.report(PACK)["ReportUrl"]
    assert error(caller.client.get(url.replace("Expires=1", "Expires=9")))[:2] == (
        403,
        "SignatureDoesNotMatch",
    )
    assert error(caller.client.get(url.split("?")[0]))[:2] == (403, "SignatureDoesNotMatch")


def test_a_link_is_signed_afresh_on_each_get(caller: Caller, clock: Clock) -> None:
    caller.generate(PACK)
    first = caller.report(PACK)["ReportUrl"]
    clock.now += 1
    assert caller.report(PACK)["ReportUrl"] != first


def test_the_report_before_the_last_one_is_gone(caller: Caller) -> None:
    caller.generate(PACK)
    url = caller.report(PACK)["ReportUrl"]
    for _ in range(2):
        caller.generate(PACK)
        caller.report(PACK)
    assert error(caller.client.get(url))[:2] == (404, "NoSuchKey")


def test_a_link_leads_to_the_host_that_was_asked_unless_another_is_set(caller: Caller) -> None:
    caller.generate(PACK)
    assert caller.report(PACK)["ReportUrl"].startswith("http://config.cn-shanghai.example/oss/")
    sandbox = Sandbox(link_base="https://bucket.oss.example")
    other = Caller(sandbox, sandbox.accounts[0].credential)
    other.generate(PACK)
    assert other.report(PACK)["ReportUrl"].startswith("https://bucket.oss.example/oss/")
