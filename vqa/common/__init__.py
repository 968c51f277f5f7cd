"""Helpers that know nothing about photographs or questions: files, checksums, English words, several processes."""
