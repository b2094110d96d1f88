"""The machine: cameras, decoders, key store, clock, sound, printer.

The only room that may import cv2, zxingcpp or pyzbar. It knows nothing of passes, verdicts or the journal.
"""

import os

# Read by OpenCV when it is first imported: a missing webcam is our Condition to report, not eight lines on standard error.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
# A picture that would unfold to more than 134 megapixels is refused before its memory is asked for.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 27))
