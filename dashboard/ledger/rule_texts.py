"""The texts of rules as the cloud gives them, shared by all reports whose rules have them."""

import hashlib
import json
from collections.abc import Iterable

from dashboard.models import RuleText

# Limits of the texts, in characters; the cloud's own are far shorter.
MAX_DESCRIPTION = 10_000
MAX_TYPES = 10_000
MAX_COLUMN = 200  # the length of the columns


def build_rule_text(
    *, description: str, identifier: str, resource_types: Iterable[str], trigger_types: str = ""
) -> RuleText:
    """Return an unsaved RuleText under the hash of its contents."""
    fields = {
        "description": description[:MAX_DESCRIPTION],
        "identifier": identifier[:MAX_COLUMN],
        "resource_types": ",".join(resource_types)[:MAX_TYPES],
        "trigger_types": trigger_types[:MAX_COLUMN],
    }
    content = json.dumps(fields, sort_keys=True)
    return RuleText(text_hash=hashlib.sha256(content.encode()).hexdigest(), **fields)


def store_texts(texts: Iterable[RuleText]) -> None:
    """Save the texts that are not in the database yet."""
    # In the order of the hashes, so that two transactions cannot deadlock.
    by_hash = {text.text_hash: text for text in texts}
    missing = by_hash.keys() - find_stored_hashes(by_hash)
    RuleText.objects.bulk_create(
        [by_hash[text_hash] for text_hash in sorted(missing)], ignore_conflicts=True
    )


def find_stored_hashes(hashes: Iterable[str]) -> set[str]:
    """Return those of the hashes whose text is in the database."""
    rows = RuleText.objects.filter(text_hash__in=list(hashes))
    return set(rows.values_list("text_hash", flat=True))
