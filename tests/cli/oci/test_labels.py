"""Labels of security modules on a kernel that has none of those."""

from __future__ import annotations

import json

LABEL = "system_u:object_r:container_file_t:s0:c1,c2"
WARNING = "linux.mountLabel is left out: this kernel has no SELinux"


def label_mounts(config) -> None:
    config["linux"]["mountLabel"] = LABEL


def test_a_label_of_files_confines_nobody_so_it_is_left_out_with_a_warning(oci) -> None:
    said = oci.run("cat", "/proc/mounts", change=label_mounts)
    assert (said.code, said.err) == (0, f"cloche: warning: {WARNING}\n")
    assert "context=" not in said.out


def test_the_warning_is_in_the_callers_log(oci, tmp_path) -> None:
    log = tmp_path / "log"
    bundle = oci.bundle("true", change=label_mounts)
    said = oci("--log", str(log), "--log-format", "json", "run", "-b", bundle, "box")
    assert said.code == 0
    (line,) = map(json.loads, log.read_text().splitlines())
    assert (line["level"], line["msg"]) == ("warning", WARNING)
