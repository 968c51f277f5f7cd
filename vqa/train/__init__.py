"""From data to checkpoints."""
