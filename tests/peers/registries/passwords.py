"""Files of passwords as Apache's htpasswd writes them; registries take bcrypt only."""

from __future__ import annotations

import ctypes
from pathlib import Path

_SALT = b"$2b$05$abcdefghijklmnopqrstuu"


def write_passwords(path: Path, users: dict[str, str]) -> Path:
    """Write a file of users and their passwords."""
    path.write_text("".join(f"{user}:{bcrypt(word)}\n" for user, word in users.items()))
    return path


def bcrypt(password: str) -> str:
    """Hash a password, cheaply and always with the same salt: these protect nothing."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    hashed: bytes = library.crypt(password.encode(), _SALT)
    return hashed.decode()
