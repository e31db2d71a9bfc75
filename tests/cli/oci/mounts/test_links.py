"""Places that are nowhere yet."""

from __future__ import annotations


def test_a_file_may_be_mounted_behind_a_link_to_nowhere(oci, tmp_path) -> None:
    """Images have resolv.conf lead to a directory that is made when they boot."""
    root, source = tmp_path / "root", tmp_path / "source"
    (root / "etc").mkdir(parents=True)
    (root / "etc/resolv.conf").symlink_to("../run/resolve/stub.conf")
    source.write_text("nameserver ::1\n")

    def change(config) -> None:
        config["root"]["path"] = str(root)
        for path in (oci.busybox / "bin", source):
            to = "/bin" if path != source else "/etc/resolv.conf"
            config["mounts"].append(
                {"destination": to, "type": "bind", "source": str(path), "options": ["bind"]}
            )

    said = oci.run("cat", "/run/resolve/stub.conf", change=change)
    assert (said.code, said.out) == (0, "nameserver ::1\n"), said.err
    assert (root / "etc/resolv.conf").is_symlink()
