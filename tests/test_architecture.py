"""What design decisions cannot say in code: imports point one way, and nothing unfit is in the repository."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [*sorted((ROOT / "vqa").rglob("*.py")), *ROOT.glob("app.py")]

# Each layer may import what stands before it, and its own. A module that is not listed may be imported by any
# layer after the model's parts, but never in a circle.
LAYERS = [
    {"vqa.configuration", "vqa.distributed", "vqa.hybrid_vit", "vqa.photos"},
    {"vqa.alignment", "vqa.coattention", "vqa.pooling", "vqa.decoder", "vqa.search", "vqa.processing", "vqa.losses"},
    {"vqa.modeling"},
    {"vqa.predictor", "vqa.explain", "vqa.overlay"},
    {"vqa.ui"},
    {"app", "vqa.__main__"},
]
# Third-party packages in the code, all of which `requirements.txt` installs: by name, or as what these need.
REQUIRED = {"torch", "transformers", "gradio", "accelerate", "PIL", "sentencepiece", "pyarrow"}
BROUGHT_ALONG = {"numpy", "safetensors", "fastapi", "starlette", "uvicorn", "huggingface_hub"}
OPTIONAL = {
    "spaces",  # on Hugging Face's ZeroGPU alone
    "easy_vqa",  # pictures to measure maps on
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCES}


def imports(path: Path, at_import_only: bool = False) -> set[str]:
    """Full names of what a module imports; `from a import b` gives `a.b` where that is a module of ours, else `a`.

    With `at_import_only` only what runs when the module is imported: no function bodies, nothing for type checkers.
    """
    found = set()
    queue: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while queue:
        node = queue.pop()
        if at_import_only and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if at_import_only and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively; the code imports by full name"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in MODULES else node.module)
        queue += ast.iter_child_nodes(node)
    return found


def layer_of(module: str) -> int | None:
    for i, layer in enumerate(LAYERS):
        if any(module == name or module.startswith(f"{name}.") for name in layer):
            return i
    return None


def top_level(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def is_page(module: str) -> bool:
    return module == "app" or module == "vqa.ui" or module.startswith("vqa.ui.")


def test_the_listed_modules_exist():
    """A renamed module must not slip out of these checks."""
    missing = [name for layer in LAYERS[:3] for name in layer if name not in MODULES]
    assert missing == []


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    own = layer_of(module)
    if own is None:
        return
    upward = sorted(name for name in imports(MODULES[module]) if (other := layer_of(name)) is not None and other > own)
    assert upward == [], f"{module} imports from a layer above its own"


def test_imports_have_no_circles():
    graph = {name: {n for n in imports(path, True) if n in MODULES} - {name} for name, path in MODULES.items()}
    resolved: set[str] = set()
    while ready := {name for name, needs in graph.items() if name not in resolved and needs <= resolved}:
        resolved |= ready
    circle = {name: sorted(needs - resolved) for name, needs in graph.items() if name not in resolved}
    assert circle == {}


def test_only_the_page_knows_gradio():
    assert [name for name, path in MODULES.items() if "gradio" in top_level(imports(path)) and not is_page(name)] == []


def test_the_page_knows_no_torch():
    """It gets arrays and words from the predictor, and never a tensor."""
    frameworks = {"torch", "transformers", "accelerate"}
    knowing = [name for name, path in MODULES.items() if is_page(name) and top_level(imports(path)) & frameworks]
    assert knowing == []


def test_nothing_imports_the_page_but_the_entry():
    importers = {
        name
        for name, path in MODULES.items()
        if not is_page(name) and any(n == "app" or n.startswith("vqa.ui") for n in imports(path))
    }
    assert importers <= {"vqa.__main__"}


def test_requirements_bring_every_package_that_is_imported():
    from sys import stdlib_module_names

    used = set().union(*(top_level(imports(path)) for path in SOURCES)) - set(stdlib_module_names) - {"vqa", "app"}
    assert used - REQUIRED - BROUGHT_ALONG - OPTIONAL == set()
    names = {"PIL": "pillow"}
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    listed = {line.split(">")[0].split("=")[0] for line in lines if line}
    assert listed == {names.get(name, name) for name in REQUIRED}
    assert "torch" in lines, "torch has no range: Spaces bring their own"


def test_constraints_pin_every_requirement_exactly():
    from importlib.metadata import distributions

    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(line.count("==") == 1 and "+" not in line for line in lines), "exact versions without build tags"
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    needed = set()
    queue = [
        "torch",
        "transformers",
        "gradio",
        "accelerate",
        "pillow",
        "sentencepiece",
        "pyarrow",
        "pytest",
        "playwright",
    ]
    installed = {d.metadata["Name"].lower().replace("_", "-"): d for d in distributions()}
    from packaging.requirements import Requirement

    while queue:
        name = queue.pop()
        if name in needed or name not in installed:
            continue
        needed.add(name)
        for text in installed[name].requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                queue.append(requirement.name.lower().replace("_", "-").replace(".", "-"))
    assert needed - pinned == set()


def tracked_files() -> list[Path]:
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_is_over_95_mb():
    assert [path.name for path in tracked_files() if path.stat().st_size > 95 * 2**20] == []


def test_no_pickles_dumps_or_data_are_tracked():
    unfit = {".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".npy", ".npz", ".joblib", ".parquet", ".onnx"}
    assert [str(path.relative_to(ROOT)) for path in tracked_files() if path.suffix.lower() in unfit] == []
    for path in (p for p in tracked_files() if p.suffix == ".safetensors"):
        header = path.open("rb").read(9)
        assert 0 < int.from_bytes(header[:8], "little") < path.stat().st_size and header[8:] == b"{", path.name
