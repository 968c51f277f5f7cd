"""Packages of the optional extra `evaluate`, checked before the work that needs them begins."""

from importlib.util import find_spec

PACKAGES = {  # by the name they are imported by
    "sklearn": "scikit-learn",
    "scipy": "scipy",
    "pycocoevalcap": "pycocoevalcap",
}


def check_extra(module: str, work: str) -> None:
    """Raises `ValueError`, with the way to install it, where the package that `work` needs is missing."""
    if find_spec(module) is None:
        package = PACKAGES[module]
        raise ValueError(f"{work} needs {package}: pip install {package}, or the extra of this package, vqa[evaluate].")
