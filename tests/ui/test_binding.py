"""The Qt binding itself: a version that loses a reference per void call dies after some thousands (docs/decisions/0001)."""

import subprocess
import sys

CALLS = 300_000
PROGRAM = f"""
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel()
for i in range({CALLS}):
    label.setText("mời vào")
print("alive", label.text())
"""


def test_three_hundred_thousand_void_calls_leave_the_interpreter_alive() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=100, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, "alive mời vào"), ran.stderr[-500:]
