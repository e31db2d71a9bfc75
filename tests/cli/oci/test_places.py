"""Ids are free in each place of state, and processes are to be found."""

from __future__ import annotations

from pathlib import Path


def test_containers_of_one_id_in_two_places_have_groups_of_their_own(oci) -> None:
    def limited(config) -> None:
        del config["linux"]["cgroupsPath"]
        config["linux"]["resources"] = {"pids": {"limit": 20}}

    def group() -> str:
        pid = (oci.place / "pid").read_text()
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        return next(line for line in lines if ":pids:" in line or line.startswith("0::"))

    here = oci.state
    other = here.with_name("elsewhere")
    oci.create("sleep", "600", change=limited)
    first = group()
    oci.program[-1] = str(other)
    try:
        oci.create("sleep", "600", change=limited)
        assert group() != first
        assert oci("update", "--pids-limit", "30", "box").code == 0
    finally:
        assert oci("delete", "--force", "box").code == 0
        oci.program[-1] = str(here)
    assert oci.status() == "created"


def test_a_container_whose_processes_nobody_could_find_is_warned_of(oci) -> None:
    def shared(config) -> None:
        config["linux"]["namespaces"].remove({"type": "pid"})

    bundle = oci.bundle("true", change=shared)
    said = oci("run", "--bundle", bundle, "once", before=("--cgroup-manager", "disabled"))
    assert said.code == 0
    assert said.err.startswith("cloche: warning: without a control group and a pid namespace ")
    assert oci.run("true", change=shared).err == ""
