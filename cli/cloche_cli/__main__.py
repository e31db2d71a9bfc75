"""``python -m cloche_cli`` is ``cloche``."""

from __future__ import annotations

import sys

from cloche_cli.main import main

sys.exit(main())
