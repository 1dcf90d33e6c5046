"""The archive: original files, and what was read from them."""
