"""What design decisions cannot say in code: imports point one way, and nothing unfit is in the repository."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [*sorted((ROOT / "vqa").rglob("*.py")), *ROOT.glob("app.py")]

# The floors of the house, from the ground up: a folder of `vqa/` each. A module imports from its own floor and from
# those below.
FLOORS = ["common", "processing", "model", "data", "explain", "inference", "evaluate", "train", "ui", "cli"]
COPIED = {"model", "processing"}  # modules there that `save_pretrained` copies beside the weights import relatively
ENTRIES = {"app", "vqa.__main__"}  # stand above all floors
# Third-party packages in the code, all of which `requirements.txt` installs: by name, or as what these need.
REQUIRED = {"torch", "transformers", "gradio", "accelerate", "PIL", "sentencepiece", "pyarrow"}
BROUGHT_ALONG = {
    "anyio",
    "filelock",
    "gradio_client",
    "numpy",
    "safetensors",
    "fastapi",
    "starlette",
    "uvicorn",
    "huggingface_hub",
}
OPTIONAL = {
    "spaces",  # on Hugging Face's ZeroGPU alone
    "easy_vqa",  # pictures to measure maps on
    "scipy",  # the extra `evaluate`: rank correlation
    "sklearn",  # the extra `evaluate`: the probe
    "pycocoevalcap",  # the extra `evaluate`: captions' scores
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
            source = node.module
            if node.level:  # the modules that are copied beside the weights know each other as neighbours alone
                assert node.level == 1 and path.parent.name in COPIED, f"{path.name} imports relatively"
                source = f"vqa.{path.parent.name}.{node.module}"
            for alias in node.names:
                full = f"{source}.{alias.name}"
                found.add(full if full in MODULES else source)
        queue += ast.iter_child_nodes(node)
    return found


def floor_of(module: str) -> int:
    """The number of a module's floor; the package itself, which is empty, is below all."""
    if module in ENTRIES:
        return len(FLOORS)
    return FLOORS.index(module.split(".")[1]) if "." in module else -1


def top_level(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def is_page(module: str) -> bool:
    return module == "app" or module == "vqa.ui" or module.startswith("vqa.ui.")


def test_every_folder_is_a_floor_and_every_module_is_on_one():
    assert {path.name for path in (ROOT / "vqa").iterdir() if (path / "__init__.py").is_file()} == set(FLOORS)
    assert {path.stem for path in (ROOT / "vqa").glob("*.py")} == {"__init__", "__main__"}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module):
    """Wherever in a module they stand: an import inside a function is one too."""
    ours = [name for name in imports(MODULES[module]) if name == "app" or name.split(".")[0] == "vqa"]
    assert [name for name in ours if floor_of(name) > floor_of(module)] == []


def test_every_test_stands_where_its_module_does():
    floors = {path.name for path in (ROOT / "tests").iterdir() if (path / "__init__.py").is_file()}
    assert floors <= set(FLOORS)
    strays = [
        str(path.relative_to(ROOT))
        for floor in floors
        for path in (ROOT / "tests" / floor).rglob("test_*.py")
        if not module_tested(path).is_file() and path.stem != "test_main"
    ]
    assert strays == []


def test_no_two_classes_have_one_name():
    names = [
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    assert {name for name in names if names.count(name) > 1} == set()


def module_tested(path: Path) -> Path:
    return ROOT / "vqa" / path.relative_to(ROOT / "tests").with_name(path.name.removeprefix("test_"))


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
        "scikit-learn",
        "scipy",
        "pycocoevalcap",
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
