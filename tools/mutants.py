"""Are the tests awake? Breaks the program on purpose, a few places a run, and wants the named test to fail.

A mutant is a patch tests/mutants/NAME.patch whose head names its test: `# test: tests/unit/test_x.py::test_name`.
It is applied to a copy; the work tree is never touched. A patch that no longer applies is a failure: renew or remove it.
Three by three, the next three with each commit; `--all` for every one.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests" / "mutants"
AT_ONCE = 3
FAILED = 1  # pytest's exit code for "tests ran, and some failed"; 2-5 mean that the test did not run


def turn(patches: list[Path]) -> list[Path]:
    """The patches whose turn it is: the number of commits moves the window on."""
    count = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    start = int(count or 0) * AT_ONCE
    return [patches[(start + i) % len(patches)] for i in range(min(AT_ONCE, len(patches)))]


def copy_tree(to: Path) -> None:
    """The files git knows or would take, as they are now."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def survives(patch: Path) -> str:
    """Why this mutant is a failure, or "" when its test noticed it."""
    test = re.search(r"^# test: (\S+)", patch.read_text("utf-8"), re.MULTILINE)
    if not test:
        return "names no test"
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        applied = subprocess.run(["git", "apply", str(patch)], cwd=tree, env=os.environ | {"GIT_CEILING_DIRECTORIES": folder}, check=False)
        if applied.returncode:
            return "no longer applies"
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", test[1]]
        ran = subprocess.run(command, cwd=tree, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode == 0:
        return f"not noticed by {test[1]}"
    return "" if ran.returncode == FAILED else f"{test[1]} did not run:\n{ran.stdout[-1500:]}{ran.stderr[-500:]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--tally", type=Path, help="writes `noticed failed` there")
    parser.add_argument("names", nargs="*", help="only these (the file's name without .patch)")
    args = parser.parse_args()
    patches = sorted(PATCHES.glob("*.patch"))
    if args.names:
        patches = [p for p in patches if p.stem in args.names]
    elif patches and not args.all:
        patches = turn(patches)
    failed = 0
    for patch in patches:
        why = survives(patch)
        failed += bool(why)
        print(f"{patch.stem}: {why or 'noticed'}", flush=True)
    if args.tally:
        args.tally.write_text(f"{len(patches) - failed} {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
