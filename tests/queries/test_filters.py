"""The filter of a report's tables as a query string."""

from django.http import QueryDict

from dashboard.models import Risk, Status
from dashboard.queries.filters import EvaluationFilter


def test_a_new_filter_goes_to_page_one_and_leaves_the_rest() -> None:
    table_filter = EvaluationFilter.parse(
        QueryDict("status=failing&region=cn-beijing&page=7&sort=-region"), ("region",)
    )
    assert (
        table_filter.query_string(risk=Risk.HIGH)
        == "?status=failing&risk=high&region=cn-beijing&sort=-region"
    )
    assert (
        table_filter.query_string(page=8) == "?status=failing&region=cn-beijing&sort=-region&page=8"
    )


def test_a_filter_survives_its_own_query_string() -> None:
    table_filter = EvaluationFilter(
        status=Status.IGNORED,
        risk=Risk.NOT_STATED,
        rule=3,
        region="cn-beijing",
        type="ACS::OSS::Bucket",
        account="1",
        q="ä & 不",
        sort="-region",
        page=4,
    )
    assert (
        EvaluationFilter.parse(QueryDict(table_filter.query_string(page=4)[1:]), ("region",))
        == table_filter
    )
