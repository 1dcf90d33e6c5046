"""The search of the top bar: accounts, packs, rules and resources by name or id."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from dashboard.models import Account, Evaluation, Pack, Rule
from dashboard.models.evaluations import FOREVER

MAX_RESULTS = 20  # of each kind


@dataclass(frozen=True)
class SearchResults:
    """At most MAX_RESULTS of each kind."""

    accounts: QuerySet[Account]
    packs: QuerySet[Pack]
    rules: QuerySet[Rule]
    resources: QuerySet[Evaluation]


def search_all(text: str) -> SearchResults:
    """Return what has the text in its name, or whose id starts with it.

    The text may stand anywhere in the id of a resource, which must be in the latest report of a
    pack.
    """
    has_name = Q(name__icontains=text)
    accounts = Account.objects.defer("secret_encrypted")
    packs = Pack.objects.select_related("account").defer("account__secret_encrypted")
    rules = Rule.objects.select_related("pack")
    has_resource = Q(resource_id__icontains=text) | Q(resource_name__icontains=text)
    evaluations = Evaluation.objects.filter(has_resource, until=FOREVER)
    return SearchResults(
        accounts=accounts.filter(has_name | Q(uid__startswith=text))[:MAX_RESULTS],
        packs=packs.filter(has_name | Q(pack_id__startswith=text))[:MAX_RESULTS],
        rules=rules.filter(has_name | Q(identifier__icontains=text) | Q(rule_id__startswith=text))[
            :MAX_RESULTS
        ],
        resources=evaluations.select_related("pack", "rule").failing_first()[:MAX_RESULTS],
    )
