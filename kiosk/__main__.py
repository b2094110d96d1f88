"""`python -m kiosk`."""

import sys

if __name__ == "__main__":
    try:
        from kiosk.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # before the command could begin
        sys.exit(130)
