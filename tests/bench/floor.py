"""The floor page: what Django itself costs for 100 rows of 10 columns, behind the same middleware and sign-in."""

from functools import cache
from typing import Any, ClassVar

from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import URLPattern, URLResolver, path

from dashboard.urls import urlpatterns as product

ROWS = 100
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Floor</title></head>
<body>
<table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
</body>
</html>
"""


class Line(models.Model):
    """A row of ten columns, in kinds and lengths as a table of evaluations has them."""

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

    objects: ClassVar[models.Manager["Line"]] = models.Manager()

    class Meta:
        app_label = "dashboard"
        managed = False
        db_table = "floor_line"

    def __str__(self) -> str:
        return self.resource


COLUMNS = [field.name for field in Line._meta.fields if field.name != "id"]


def prepare() -> None:
    """Makes the floor's table and its rows."""
    with connection.schema_editor() as editor:
        editor.create_model(Line)
    words = {
        "status": "Non-compliant",
        "risk": "High",
        "kind": "ACS::ECS::Instance",
        "region": "cn-hangzhou",
    }
    Line.objects.bulk_create(
        Line(
            number=number,
            rule=f"ecs-instance-attached-security-group-{number % 40}",
            resource=f"i-bp1{number:017d}",
            name=f"worker-{number} <production>",
            account="1024837465912038",
            since="2026-01-01",
            **words,
        )
        for number in range(ROWS)
    )


@cache
def template() -> Any:
    return engines["django"].from_string(PAGE)


def page(request: HttpRequest) -> HttpResponse:
    rows = Line.objects.values_list(*COLUMNS)[:ROWS]
    return HttpResponse(template().render({"rows": rows}, request))


urlpatterns: list[URLPattern | URLResolver] = [*product, path("floor/", page)]
