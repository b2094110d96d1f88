"""`python -m province`."""

import sys

if __name__ == "__main__":
    try:
        from province.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # before the command could begin
        sys.exit(130)
