"""What no import contract can say: what is loaded, what is locked, what is committed, and that words are complete."""

import ast
import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from kiosk import i18n, words
from kiosk.errors import Code

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("PySide6", "cv2", "zxingcpp", "pyzbar", "reportlab", "uvicorn", "fastapi")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|farm|root|home)/[a-z]")
REGISTRY = re.compile(r"pypi\.|pythonhosted|" + r"deb\.debian|npm" + "js", re.IGNORECASE)
GENERATED = (".pyc", ".mo", ".qm", ".log", ".db", ".sqlite", ".sqlite3", ".coverage", ".whl", ".egg", ".orig", ".rej", ".tmp")
LINES, FUNCTION_LINES = 250, 40  # habits of the house: above them a warning, a good reason beats a number


def committed() -> list[Path]:
    """The files git knows; all files where the tree is not a checkout (a mutant's copy)."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else map(str, ROOT.rglob("[!.]*"))
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def modules() -> Iterator[Path]:
    for package in ("kiosk", "province"):
        yield from sorted((ROOT / package).rglob("*.py"))


def loaded_by(*arguments: str, home: Path) -> set[str]:
    """The heavy libraries in memory after `kiosk ARGUMENTS`, run as a script would."""
    code = (
        "import sys\nfrom kiosk.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        f"print('LOADED', *(sys.modules.keys() & {set(HEAVY)!r}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "--home", str(home), *arguments], cwd=ROOT, capture_output=True, text=True, input="", timeout=60
    )
    last = ran.stdout.splitlines()[-1] if ran.stdout else ran.stderr
    assert last.startswith("LOADED"), ran.stderr
    return set(last.split()[1:])


@pytest.mark.parametrize("arguments", [("scan", "--help"), ("scan", "--stdin"), ("read", "HU1:"), ("status",), ("verify",)])
def test_a_command_loads_neither_qt_nor_cameras_nor_paper(arguments: tuple[str, ...], home: Path) -> None:
    assert loaded_by(*arguments, home=home) == set()


def test_there_is_exactly_one_opencv() -> None:
    owners = {d.metadata["Name"] for d in metadata.distributions() if any(f.parts[0] == "cv2" for f in d.files or ())}
    assert owners == {"opencv-python-headless"}


def test_qt_is_the_essentials_alone_and_of_the_version_that_counts_its_references() -> None:
    names = {d.metadata["Name"].lower().replace("-", "_"): d.version for d in metadata.distributions()}
    assert names["pyside6_essentials"] == "6.11.3"
    assert not names.keys() & {"pyside6", "pyside6_addons", "pyqt5", "pyqt6"}


@pytest.mark.parametrize("name", ["requirements.lock", "tools/installer.lock"])
def test_the_lock_pins_every_package_by_hash_and_names_no_index(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", text).strip())
    assert len(entries) >= 1
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^\s;]+", entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:80]
    assert "://" not in text


def test_the_lock_holds_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in declared}
    locked = set(re.findall(r"(?m)^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text("utf-8")))
    assert names - locked == set()


def test_no_generated_file_is_committed() -> None:
    assert [f.relative_to(ROOT) for f in committed() if f.name.endswith(GENERATED) and "tests" not in f.relative_to(ROOT).parts] == []


def test_no_path_of_a_machine_and_no_registry_stands_in_a_file() -> None:
    found = []
    for file in committed():
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if file != Path(__file__) and (match := MACHINE_PATH.search(text) or REGISTRY.search(text)):
            found.append(f"{file.relative_to(ROOT)}: {match[0]}")
    assert found == []


@pytest.mark.parametrize("language", i18n.LANGUAGES)
@pytest.mark.parametrize("code", Code)
def test_every_code_says_what_happened_what_became_of_the_data_and_what_to_do(code: Code, language: str) -> None:
    i18n.use(language)
    fault = words.fault(code)
    assert all((fault.title, fault.kept, fault.cure))
    assert code.value in words.fault_text(code)
    if language != i18n.SOURCE:
        i18n.use(i18n.SOURCE)
        assert fault != words.fault(code)  # translated, not repeated


def test_every_module_says_what_it_is_for() -> None:
    trees = {f.relative_to(ROOT): ast.parse(f.read_text("utf-8")) for f in modules()}
    assert [str(file) for file, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_sizes_are_those_of_a_pleasant_house() -> None:
    """Warns, never fails."""
    for file in modules():
        text = file.read_text("utf-8")
        if (count := text.count("\n")) > LINES:
            warnings.warn(f"{file.relative_to(ROOT)} has {count} lines", stacklevel=1)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (long := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES:
                warnings.warn(f"{file.relative_to(ROOT)}: {node.name} has {long} lines", stacklevel=1)
