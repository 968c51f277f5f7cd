"""Photographs and text in, tensors out, and back."""
