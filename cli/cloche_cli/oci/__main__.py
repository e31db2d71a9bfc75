"""``python -m cloche_cli.oci`` is ``cloche oci``."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

from cloche_cli.oci.program import main

main()
