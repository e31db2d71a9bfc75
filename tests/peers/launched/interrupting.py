"""Ctrl-C at a moment that nobody could meet by the clock: while a program is imported."""

from __future__ import annotations

__all__ = ["interrupting"]


def interrupting(module: str) -> str:
    """What a program begins with that is interrupted as it looks for ``module``."""
    return f"""
import os, signal, sys
class Interrupting:
    def find_spec(name, *_):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
"""
