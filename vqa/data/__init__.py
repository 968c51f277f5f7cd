"""Files in, rows and photographs out."""
