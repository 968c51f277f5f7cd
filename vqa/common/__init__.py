"""What knows nothing of photographs or questions: files, checksums, English words, several processes."""
