"""Write many rows of a model that differ in few columns."""

import datetime as dt
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

from dashboard.ledger.bulk_sql import BulkInsert


class TableRows:
    """Inserts rows of a model; `template` has the values that a row does not give."""

    def __init__(self, template: models.Model) -> None:
        fields = [
            field
            for field in type(template)._meta.concrete_fields
            if not field.generated and not isinstance(field, models.AutoField)
        ]
        self._template: dict[str, Any] = {
            str(field.column): field.get_db_prep_save(get_value(template, field), connection)
            for field in fields
        }
        self._insert = BulkInsert(type(template), list(self._template))

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Insert rows, each given by some of its columns.

        A time is what prepare_time returns, the value of a JSON column is JSON text.
        """
        self._insert.write([tuple((self._template | row).values()) for row in rows])


def get_value(template: models.Model, field: "models.Field[Any, Any]") -> Any:
    """Return the value of a field; where the database would choose it, what it would choose."""
    value = getattr(template, field.attname)
    return field.db_default if isinstance(value, DatabaseDefault) else value


def prepare_time(moment: dt.datetime) -> Any:
    """Return a time as the database takes it."""
    return connection.ops.adapt_datetimefield_value(moment)
