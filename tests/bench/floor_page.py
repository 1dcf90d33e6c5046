"""The floor page: 100 rows of ten columns in plain Django, with our middleware and sign-in."""

from functools import cache
from typing import Any, ClassVar

from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import URLPattern, URLResolver, path

from dashboard.urls import urlpatterns as product_urls

FLOOR_ROWS = 100
FLOOR_TEMPLATE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Floor</title></head>
<body>
<table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
</body>
</html>
"""


class FloorRow(models.Model):
    """Ten columns with the types and lengths of a table of evaluations."""

    number = models.IntegerField()
    status = models.CharField(max_length=20)
    risk = models.CharField(max_length=20)
    rule = models.CharField(max_length=200)
    resource = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=100)
    region = models.CharField(max_length=64)
    account = models.CharField(max_length=32)
    since = models.DateField()

    objects: ClassVar[models.Manager["FloorRow"]] = models.Manager()

    class Meta:
        app_label = "dashboard"
        managed = False
        db_table = "floor_row"

    def __str__(self) -> str:
        return self.resource


FLOOR_COLUMNS = [field.name for field in FloorRow._meta.fields if field.name != "id"]


def create_floor_rows() -> None:
    """Create the table of the floor page and its rows."""
    with connection.schema_editor() as editor:
        editor.create_model(FloorRow)
    FloorRow.objects.bulk_create(
        FloorRow(
            number=number,
            status="Non-compliant",
            risk="High",
            rule=f"ecs-instance-attached-security-group-{number % 40}",
            resource=f"i-bp1{number:017d}",
            name=f"worker-{number} <production>",
            kind="ACS::ECS::Instance",
            region="cn-hangzhou",
            account="1024837465912038",
            since="2026-01-01",
        )
        for number in range(FLOOR_ROWS)
    )


@cache
def compile_floor_template() -> Any:
    return engines["django"].from_string(FLOOR_TEMPLATE)


def floor_page(request: HttpRequest) -> HttpResponse:
    rows = FloorRow.objects.values_list(*FLOOR_COLUMNS)[:FLOOR_ROWS]
    return HttpResponse(compile_floor_template().render({"rows": rows}, request))


urlpatterns: list[URLPattern | URLResolver] = [*product_urls, path("floor/", floor_page)]
