"""Where a model looked, and whether that is true.

`explain` turns a question on an encoded photograph into maps, by one of `METHODS`; `deletion_test` tests a map.
"""

from vqa.explain.deletion import DeletionTest, deletion_test
from vqa.explain.explanation import METHODS, Explanation, explain, explain_batch

__all__ = ["METHODS", "DeletionTest", "Explanation", "deletion_test", "explain", "explain_batch"]
