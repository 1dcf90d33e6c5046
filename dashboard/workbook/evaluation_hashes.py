"""Hashes that identify an evaluation and show whether it changed.

Databases store them, so the same evaluation must have the same hashes in every version.
All are BLAKE2b hashes of 63 bits. Each of the three hashes below combines the hashes of its parts
by exclusive or; so a part that many rows share is hashed only once. Identifiers are normalised
first (see normalise_identifier).

- resource: of (account, region, resource type) and of the resource id. It is the same in all packs.
- key: of the rule and of the resource. Its top five bits are the number of its bucket, a part of
  the stored evaluations (see stored_form).
- digest: of (status, risk, actual and expected configuration, reason) and of the resource name. The
  time of evaluation is no part of it, because it is new in each report. If the evaluation results
  beside the file state the evaluation, it is also of what they add; otherwise it is the same as in
  versions that did not fetch them.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from .cells import normalise_identifier
from .stored_form import BUCKET_SHIFT

_CACHED = 50_000  # a report repeats most of its texts
_MASK_63_BITS = 2**63 - 1
_MASK_BELOW_BUCKET = (1 << BUCKET_SHIFT) - 1
_GOLDEN_RATIO = 0x9E3779B97F4A7C15  # spreads neighbouring digests over all bits

# Actual and expected value, operator, property and reason.
Finding = tuple[str, str, str, str, str]


def _hash_texts(*texts: str) -> int:
    """Return a hash of 63 bits; databases have no unsigned integers of 64 bits."""
    data = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big") >> 1


@lru_cache(_CACHED)
def hash_rule(key: str) -> int:
    """Hash the key of a RuleInfo."""
    return _hash_texts("rule", key)


@lru_cache(_CACHED)
def hash_place(account: str, region: str, resource_type: str) -> int:
    return _hash_texts("place", *map(normalise_identifier, (account, region, resource_type)))


@lru_cache(_CACHED)
def hash_resource_id(resource_id: str) -> int:
    return compute_id_hash(resource_id)


def compute_id_hash(resource_id: str) -> int:
    """Return the hash of a resource id without keeping it in memory."""
    return _hash_texts("id", normalise_identifier(resource_id))


@lru_cache(_CACHED)
def hash_resource_name(name: str) -> int:
    return _hash_texts("name", name)


@lru_cache(_CACHED)
def hash_result(status: int, risk: int, actual: str, expected: str, substance: str) -> int:
    """Hash the result of an evaluation; for `substance` see Reason."""
    return _hash_texts("said", str(status), str(risk), actual, expected, substance)


def forget_resources() -> None:
    """Free the memory of the hashes of ids and names that were kept for rows of sheets."""
    hash_resource_id.cache_clear()
    hash_resource_name.cache_clear()


def hash_identity(*texts: str) -> int:
    """Hash the texts that name rule and resource in a row of an export."""
    return _hash_texts("identity", *texts)


def hash_evaluation(
    status: int, risk: int, name: str, finding: Finding, results_values: tuple[int | str, ...]
) -> int:
    """Return the digest of an evaluation that the evaluation results state.

    `results_values` are its fields from `source` to `resource_group`. The source is among them, so
    that a stored evaluation always names the right one.
    """
    values = "\x1f".join(map(str, results_values))
    return _hash_finding(status, risk, finding) ^ _hash_texts("results", name, values)


@lru_cache(_CACHED)
def _hash_finding(status: int, risk: int, finding: Finding) -> int:
    actual, expected, operator, property_path, reason = finding
    substance = " ".join(filter(None, (operator, property_path))) or reason
    return hash_result(status, risk, actual, expected, substance)


def change_key_by_place(key: int, place: Iterable[str]) -> int:
    """Return a new key for one of the evaluations with this key, by account, region and type.

    The top bits do not change, so that the evaluation stays in the same bucket.
    """
    return (
        key & ~_MASK_BELOW_BUCKET | _hash_texts("place of", str(key), *place) & _MASK_BELOW_BUCKET
    )


def change_duplicate_key(key: int, occurrence: int) -> int:
    """Return a new key for an evaluation whose key another evaluation of the file has already.

    `occurrence` is 1 for the second evaluation with this key, 2 for the third, and so on. The top
    bits do not change, so that the evaluation stays in the same bucket.
    """
    data = blake2b(f"{key}\x1f{occurrence}".encode(), digest_size=8).digest()
    return key & ~_MASK_BELOW_BUCKET | int.from_bytes(data, "big") & _MASK_BELOW_BUCKET


def add_to_content_hash(content_hash: int, key: int, digest: int) -> int:
    """Return the hash of a set of evaluations after one more evaluation is added.

    The result does not depend on the order in which they are added.
    """
    return content_hash + (key ^ (digest * _GOLDEN_RATIO)) & _MASK_63_BITS
