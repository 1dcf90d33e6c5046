"""The numbers in addresses: ids and keys as the database can hold them."""

MAXIMUM_ID = 2**63 - 1  # databases hold integers of 64 bits
MAX_ID_DIGITS = 18  # every number of 18 digits is below it
MAX_IDS = 1_000


class IdConverter:
    """Convert an id in an address; a number that no row can have is not found."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """Return the number; ValueError makes Django answer that there is no such page."""
        number = int(value)
        if number > MAXIMUM_ID:
            raise ValueError(f"{value} is no id")
        return number

    def to_url(self, value: int) -> str:
        return str(value)


def parse_ids(values: list[str]) -> list[int]:
    """Return the values of a parameter that can be ids, at most MAX_IDS of them."""
    ids = [int(value) for value in values if value.isdecimal() and len(value) <= MAX_ID_DIGITS]
    return ids[:MAX_IDS]
