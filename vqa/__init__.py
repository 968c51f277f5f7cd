"""Visual question answering that shows what aligning a ViT's and a BERT's feature spaces does to the answers."""
