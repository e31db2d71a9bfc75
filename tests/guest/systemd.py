"""What makes a guest one that systemd runs, with a user whose manager hands out groups."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .archive import Archive

__all__ = ["add_systemd", "missing_package"]

LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
PARSER = "/sbin/apparmor_parser"
PROGRAMS = ("/usr/bin/busctl", "/usr/bin/systemctl", "/usr/bin/dbus-daemon", PARSER)
TREES = ("/lib/systemd", "/usr/share/dbus-1", "/usr/lib/x86_64-linux-gnu/systemd")

TARGET = """
[Unit]
Requires=dbus.socket systemd-logind.service user@1000.service
Wants=guest.service
"""
SERVICE = """
[Unit]
After=user@1000.service
[Service]
Type=oneshot
ExecStart=/bin/busybox sh /main.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
"""
PAM = """
account required pam_permit.so
session required pam_permit.so
session optional pam_systemd.so
"""
FILES = {
    "/etc/systemd/system/guest.target": TARGET,
    "/etc/systemd/system/guest.service": SERVICE,
    "/etc/pam.d/systemd-user": PAM,
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\n",
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "/etc/os-release": "ID=guest\n",
}


def missing_package() -> str | None:
    """Name a Debian package without which there is no such guest."""
    parts = {
        "apparmor": Path(PARSER),
        "systemd": Path("/lib/systemd/systemd"),
        "dbus-daemon": Path("/usr/bin/dbus-daemon"),
        "dbus-user-session": Path("/usr/lib/systemd/user/dbus.socket"),
        "libpam-systemd": LIBRARIES / "security/pam_systemd.so",
    }
    return next((package for package, path in parts.items() if not path.exists()), None)


def add_systemd(archive: Archive) -> None:
    """Add systemd, its buses and what they need."""
    for tree in TREES:
        archive.tree(Path(tree))
    for program in PROGRAMS:
        archive.take(Path(program))
    for module in ("pam_permit", "pam_systemd"):
        archive.take(LIBRARIES / f"security/{module}.so")
    for path, content in FILES.items():
        archive.file(path, content.encode())
