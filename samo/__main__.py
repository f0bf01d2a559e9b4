"""`python -m samo`: the same as the command `samo`."""

import sys

from samo.cli import main

sys.exit(main())
