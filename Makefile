# Conveniences. The two commands that matter are ./run and ./test.
PY = .venv/bin/python
.PHONY: run test lint bench bench-decode soak screens package lock mutants

run:
	./run
test:
	./test
lint: ; $(PY) -m ruff check . && $(PY) -m mypy --strict kiosk province && .venv/bin/lint-imports
bench: ; QT_QPA_PLATFORM=offscreen $(PY) -m benchmarks # ratios against a reference named in the output
bench-decode: ; $(PY) -m benchmarks.decode $(PICTURES) # folders with an expected.tsv: PICTURES="../shared/pictures ../shared/frames"
soak: ; QT_QPA_PLATFORM=offscreen $(PY) -m tests.durability.soak # the torture harness, and the harness against a liar
mutants: ; QT_QPA_PLATFORM=offscreen $(PY) tools/mutants.py --all
screens: ; QT_QPA_PLATFORM=offscreen $(PY) tools/screens.py && $(PY) tools/screens_web.py # docs/screens from the real window and a real browser
package:
	$(PY) -m PyInstaller --noconfirm --clean --log-level WARN kiosk.spec
	$(PY) tools/package_smoke.py
# Universal: one lock for Debian, Ubuntu, Windows and macOS, Python 3.11 and newer. No index address goes into it.
LOCK = $(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock:
	$(LOCK) --extra dev pyproject.toml -o requirements.lock
	$(LOCK) --no-annotate tools/installer.in -o tools/installer.lock
