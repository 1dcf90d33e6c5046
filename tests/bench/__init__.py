"""The measurements: what the product costs, held against a floor measured in the same run (see docs/measured.md)."""
