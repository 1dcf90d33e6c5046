"""Measure the cost of the product against floors from the same run (see docs/measured.md)."""
