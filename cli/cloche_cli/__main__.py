"""``python -m cloche_cli`` is ``cloche``."""

from __future__ import annotations

from cloche_cli.main import main

main()
