"""The archive: the original report files, and for each the contents that were read from it."""
