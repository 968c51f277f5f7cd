"""Where a model looked, as maps and as pictures."""
