"""`python -m kiosk`."""

import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["--beside"]:  # the built program, started by itself (kiosk/devices/aside.py)
        from kiosk.devices.beside import main as beside

        sys.exit(beside())
    try:
        from kiosk.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # before the command could begin
        sys.exit(130)
