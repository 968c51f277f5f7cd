"""From a photograph and a question to an answer."""
