"""`python -m benchmarks`: every figure, one after the other; exit 1 if one is over its limit."""

import subprocess
import sys

FIGURES = tuple("decode camera scan frame start paper morning lookup wire upload link intake fleet security trace arrivals".split())


def main() -> int:
    """Each in a process of its own: what one has loaded must not help the next."""
    failed = []
    for name in FIGURES:
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]], check=False).returncode:
            failed.append(name)
    over = f"; over: {', '.join(failed)}" if failed else ""
    print(f"benchmarks: {len(FIGURES) - len(failed)} of {len(FIGURES)} within their limits{over}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
