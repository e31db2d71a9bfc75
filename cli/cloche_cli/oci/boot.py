"""Where a launcher of `cloche-oci` begins in Python: ``python -I -S …/boot.py WORD…``.

It is a script, found by its path. What it needs is imported, and it ends, as `cloche-oci` does.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

__all__ = ["boot"]


def boot() -> None:
    """Find what is installed beside this interpreter, and be the program."""
    import site

    site.main()
    from cloche_cli.oci.program import main

    main()


if __name__ == "__main__":
    boot()
