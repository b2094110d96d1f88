"""Four sounds, made of sines at start, played by what the system has. Never raises, never waits; silent where nothing plays."""

import io
import math
import shutil
import subprocess
import sys
import tempfile
import wave
from array import array
from pathlib import Path

RATE = 44_100  # samples a second
HIGH, LOW = 1175.0, 440.0  # Hz
GAP = 0.09  # seconds of silence between two tones
FADE = 0.008  # seconds in and out, so that speakers do not click
SOUNDS: dict[str, tuple[tuple[float, float], ...]] = {  # (Hz, seconds)
    "high": ((HIGH, 0.16),),
    "low": ((LOW, 0.2),),
    "low_low": ((LOW, 0.14), (LOW, 0.14)),
    "long_low": ((LOW / 2, 0.9),),
}
PLAYERS = ("paplay", "pw-play", "aplay", "afplay")
QUIETLY = {"aplay": ("-q",)}


def wav(name: str) -> bytes:
    """The sound as a WAV file: mono, 16 bit. A second harmonic makes the low ones audible on a laptop's speaker."""
    samples = array("h")
    for n, (hertz, seconds) in enumerate(SOUNDS[name]):
        samples.extend([0] * (round(GAP * RATE) if n else 0))
        count = round(seconds * RATE)
        for i in range(count):
            fade = min(1.0, i / (FADE * RATE), (count - i) / (FADE * RATE))
            phase = 2 * math.pi * hertz * i / RATE
            samples.append(round(16_000 * fade * (math.sin(phase) + 0.5 * math.sin(2 * phase))))
    if sys.byteorder == "big":
        samples.byteswap()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def find_player() -> str:
    """The program that plays sounds here, "winsound", or "" for none."""
    if sys.platform == "win32":
        return "winsound"
    return next((found for found in map(shutil.which, PLAYERS) if found), "")


class Sounds:
    """The Sound port. `player`: as of `find_player`; `on`: may be switched at any time."""

    def __init__(self, player: str | None = None, on: bool = True) -> None:
        self.player = find_player() if player is None else player
        self.on = on
        self._child: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if self.player:
            try:
                self._folder = tempfile.TemporaryDirectory(prefix="kiosk-sound-", ignore_cleanup_errors=True)
                for name in SOUNDS:
                    self._path(name).write_bytes(wav(name))
            except OSError:  # a full disk costs the sounds, not the station
                self.player = ""

    def _path(self, name: str) -> Path:
        return Path(self._folder.name if self._folder else "", f"{name}.wav")

    def play(self, name: str) -> None:
        """Starts the sound, cutting off the last one: the newest verdict is the one to be heard."""
        if not (self.on and self.player and name in SOUNDS):
            return
        path = str(self._path(name))
        try:
            if sys.platform == "win32":
                import winsound

                winsound.PlaySound(path, winsound.SND_FILENAME | winsound.SND_ASYNC | winsound.SND_NODEFAULT)
                return
            if self._child is not None and self._child.poll() is None:
                self._child.terminate()
            quiet = QUIETLY.get(Path(self.player).name, ())
            null = subprocess.DEVNULL
            self._child = subprocess.Popen([self.player, *quiet, path], stdin=null, stdout=null, stderr=null)
        except (OSError, RuntimeError):
            self.player = ""  # it was there and is not: do not try on every voter
