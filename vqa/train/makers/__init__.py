"""Questions made from captions, boxes and labels, for training."""
