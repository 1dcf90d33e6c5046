"""Hashes that identify an evaluation and show whether it changed.

Databases hold them: the same evaluation must have the same hashes in every version.
All are BLAKE2b, of 63 bits. Hashes of parts are combined by exclusive or, so that a part that many
rows share is hashed once. Identifiers count in one form: NFKC, no outer spaces, no case.

- resource: account, region and resource type; resource id. The same in all packs.
- key: rule; resource. Its top five bits choose the bucket (see stored_form).
- digest: status, risk, actual and expected configuration and reason; resource name. Not the time of
  evaluation, which is new in each report.
"""

from functools import lru_cache
from hashlib import blake2b

from .cells import normalise_identifier
from .stored_form import BUCKET_SHIFT

_CACHED = 50_000  # reports repeat most of their texts, and those of the report before
_MASK_63_BITS = 2**63 - 1
_MASK_BELOW_BUCKET = (1 << BUCKET_SHIFT) - 1
_GOLDEN_RATIO = 0x9E3779B97F4A7C15  # spreads neighbouring digests over all bits


def _hash_texts(*texts: str) -> int:
    data = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big") >> 1


@lru_cache(_CACHED)
def hash_rule(key: str) -> int:
    return _hash_texts("rule", key)


@lru_cache(_CACHED)
def hash_place(account: str, region: str, resource_type: str) -> int:
    return _hash_texts("place", *map(normalise_identifier, (account, region, resource_type)))


@lru_cache(_CACHED)
def hash_resource_id(resource_id: str) -> int:
    return _hash_texts("id", normalise_identifier(resource_id))


@lru_cache(_CACHED)
def hash_resource_name(name: str) -> int:
    return _hash_texts("name", name)


@lru_cache(_CACHED)
def hash_result(status: int, risk: int, actual: str, expected: str, substance: str) -> int:
    """Hash what a rule says about a resource; for `substance` see parse_reason."""
    return _hash_texts("said", str(status), str(risk), actual, expected, substance)


def change_duplicate_key(key: int, occurrence: int) -> int:
    """Return the key of the second (1), third (2) ... evaluation with the same key in one file.

    Only the bits below the bucket change, so that it stays in the bucket of the first.
    """
    data = blake2b(f"{key}\x1f{occurrence}".encode(), digest_size=8).digest()
    return key & ~_MASK_BELOW_BUCKET | int.from_bytes(data, "big") & _MASK_BELOW_BUCKET


def add_to_content_hash(content_hash: int, key: int, digest: int) -> int:
    """Return the hash of a set of evaluations with one more; their order does not matter."""
    return content_hash + (key ^ (digest * _GOLDEN_RATIO)) & _MASK_63_BITS
