"""What is masked can't be read, and what is read-only not written, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Runtime, mount


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """A directory with a file, a directory and links in it, all writable."""
    shown = tmp_path / "shown"
    (shown / "directory").mkdir(parents=True)
    (shown / "directory/secret").write_text("secret")
    (shown / "file").write_text("secret")
    (shown / "link").symlink_to("file")
    (shown / "out").symlink_to("/etc")
    return shown


def hiding(shown: Path, **paths: list[str]) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        config["mounts"].append({**mount("/tmp", "bind", "rbind"), "source": str(shown)})
        config["linux"].update(paths)

    return change


def test_masks_are_empty(oci: Runtime, shown: Path) -> None:
    masked = ["/tmp/file", "/tmp/directory", "/tmp/none", "/tmp/file/none", "/tmp/directory/none"]
    script = "cat /tmp/file; ls /tmp/directory; touch /tmp/directory/x; echo x > /tmp/file"
    said = oci.run("sh", "-c", script, change=hiding(shown, maskedPaths=masked))
    assert said.out == ""
    assert said.err.count("Read-only file system") == 1, "what is written to a mask is gone"
    assert (shown / "file").read_text() == "secret"
    assert not (shown / "directory/x").exists()


def test_a_mask_is_where_a_link_leads_within_the_root(oci: Runtime, shown: Path) -> None:
    change = hiding(shown, maskedPaths=["/tmp/link", "/tmp/out/passwd"])
    said = oci.run("sh", "-c", "cat /tmp/file /etc/passwd; readlink /tmp/link", change=change)
    assert said.out == "file\n"


def test_what_is_named_twice_is_hidden_once(oci: Runtime, shown: Path) -> None:
    twice = ["/tmp/file", "/tmp/directory"] * 2
    change = hiding(shown, maskedPaths=twice, readonlyPaths=["/tmp/link"] * 2)
    said = oci.run("sh", "-c", "cut -d' ' -f5 /proc/self/mountinfo | grep /tmp/", change=change)
    assert sorted(said.out.split()) == ["/tmp/directory", "/tmp/file", "/tmp/file"]


def test_the_control_without_them(oci: Runtime, shown: Path) -> None:
    script = "cat /tmp/file; ls /tmp/directory; touch /tmp/directory/x; echo new > /tmp/file"
    said = oci.run("sh", "-c", script, change=hiding(shown))
    assert (said.out, said.err) == ("secretsecret\n", "")
    assert (shown / "file").read_text() == "new\n"
    assert (shown / "directory/x").exists()


def test_what_is_read_only_is_read_and_not_written(oci: Runtime, shown: Path) -> None:
    paths = ["/tmp/file", "/tmp/directory", "/tmp/none", "/tmp/file/none"]
    script = "cat /tmp/file; ls /tmp/directory; touch /tmp/file /tmp/directory/x /tmp/y"
    said = oci.run("sh", "-c", script, change=hiding(shown, readonlyPaths=paths))
    assert said.out == "secretsecret\n"
    assert said.err.count("Read-only file system") == 2
    assert (shown / "y").exists()


def test_what_is_mounted_beneath_is_read_only_too_and_keeps_its_options(oci: Runtime) -> None:
    def change(config: dict[str, Any]) -> None:
        config["mounts"] += [mount("/tmp", "tmpfs", "nosuid"), mount("/tmp/sub", "tmpfs", "nodev")]
        config["linux"]["readonlyPaths"] = ["/tmp"]

    said = oci.run("sh", "-c", "echo > /tmp/sub/x; tail -2 /proc/mounts", change=change)
    assert "Read-only file system" in said.err
    top, sub = (line.split()[3].split(",") for line in said.out.splitlines())
    assert {"ro", "nosuid"} <= set(top)
    assert {"ro", "nodev"} <= set(sub)


@pytest.mark.parametrize("field", ["maskedPaths", "readonlyPaths"])
def test_a_path_that_does_not_begin_at_the_root_is_told(oci: Runtime, field: str) -> None:
    bundle = oci.bundle("true", change=lambda config: config["linux"].update({field: ["/", "x"]}))
    said = oci("create", "-b", bundle, "box")
    assert said.err.startswith(f"cloche: linux.{field}[1]: "), said.err
