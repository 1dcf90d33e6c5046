"""Keep the resources of each pack's latest report, in which the search looks.

They follow from the spans that are still valid, and are written in the same transactions. The
callers hold the pack's lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from django.db import transaction

from dashboard.ledger.bulk_sql import BulkInsert
from dashboard.models import Evaluation, Pack, PackResource
from dashboard.models.evaluations import FOREVER
from dashboard.models.search_texts import build_search_text
from dashboard.workbook import EvaluationRow

NUMBERS_PER_QUERY = 500
RESOURCE_INSERT = BulkInsert(PackResource, ("pack_id", "resource", "search_text"))


def store_resources(
    pack_id: int, rows: Iterable[EvaluationRow], missing_keys: Collection[int]
) -> None:
    """Store the resources of rows that the latest report of the pack adds or changes.

    `missing_keys` are the keys of evaluations that the report before stated and this one does not:
    their resources are removed unless another evaluation names them. The spans must be stored
    already.
    """
    row_by_resource = {row.resource: row for row in rows}
    new_texts = {
        resource: build_search_text(row.resource_id, row.resource_name)
        for resource, row in row_by_resource.items()
    }
    stored_texts = load_texts(pack_id, new_texts)
    RESOURCE_INSERT.write(
        [
            (pack_id, resource, text)
            for resource, text in new_texts.items()
            if resource not in stored_texts
        ]
    )
    changed_resources = [
        resource for resource, text in stored_texts.items() if text != new_texts[resource]
    ]
    update_resources(pack_id, [*changed_resources, *find_resources(pack_id, missing_keys)])


def update_resources(pack_id: int, resources: Collection[int]) -> None:
    """Store or remove these resources as the valid spans of the pack say."""
    for numbers in split_numbers(resources):
        valid_texts = load_valid_texts(pack_id, numbers)
        stored_texts = load_texts(pack_id, numbers)
        wrong_resources = [
            resource
            for resource, text in stored_texts.items()
            if text not in valid_texts.get(resource, ())
        ]
        PackResource.objects.filter(pack=pack_id, resource__in=wrong_resources).delete()
        RESOURCE_INSERT.write(
            [
                (pack_id, resource, max(texts))
                for resource, texts in valid_texts.items()
                if stored_texts.get(resource) not in texts
            ]
        )


def rebuild_resources(pack: Pack) -> None:
    """Store the resources of a pack again, in short transactions."""
    stored_resources = PackResource.objects.filter(pack=pack).values_list("resource", flat=True)
    valid_spans = Evaluation.objects.filter(pack=pack, until=FOREVER)
    resources = {*stored_resources, *valid_spans.values_list("resource", flat=True)}
    for numbers in split_numbers(resources):
        with transaction.atomic():
            Pack.objects.lock_row(pack.pk)
            update_resources(pack.pk, numbers)


def find_packs_with_wrong_resources() -> list[Pack]:
    """Return the packs whose stored resources are not those of their valid spans."""
    return [pack for pack in Pack.objects.order_by("pk") if has_wrong_resources(pack)]


def has_wrong_resources(pack: Pack) -> bool:
    stored_texts = load_texts(pack.pk)
    valid_texts = load_valid_texts(pack.pk)
    return stored_texts.keys() != valid_texts.keys() or any(
        text not in valid_texts[resource] for resource, text in stored_texts.items()
    )


def find_resources(pack_id: int, keys: Collection[int]) -> set[int]:
    """Return the resources of evaluations of the pack by their keys."""
    resources: set[int] = set()
    for numbers in split_numbers(keys):
        spans = Evaluation.objects.filter(pack=pack_id, key__in=numbers)
        resources.update(spans.values_list("resource", flat=True))
    return resources


def load_texts(pack_id: int, resources: Collection[int] | None = None) -> dict[int, str]:
    """Return the stored search texts by resource, of these or of all resources of the pack."""
    rows = PackResource.objects.filter(pack=pack_id).values_list("resource", "search_text")
    if resources is None:
        return dict(rows)
    texts: dict[int, str] = {}
    for numbers in split_numbers(resources):
        texts.update(rows.filter(resource__in=numbers))
    return texts


def load_valid_texts(pack_id: int, resources: list[int] | None = None) -> dict[int, set[str]]:
    """Return the search texts that the valid spans give, of these or of all resources."""
    spans = Evaluation.objects.filter(pack=pack_id, until=FOREVER)
    if resources is not None:
        spans = spans.filter(resource__in=resources)
    texts: dict[int, set[str]] = defaultdict(set)
    names = spans.order_by().values_list("resource", "resource_id", "resource_name").distinct()
    for resource, *row_texts in names.iterator():
        texts[resource].add(build_search_text(*row_texts))
    return texts


def split_numbers(numbers: Collection[int]) -> Iterator[list[int]]:
    """Yield the numbers in lists that are short enough for a query."""
    remaining_numbers = list(numbers)
    for start in range(0, len(remaining_numbers), NUMBERS_PER_QUERY):
        yield remaining_numbers[start : start + NUMBERS_PER_QUERY]
