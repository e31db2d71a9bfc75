"""`cloche oci` of a user's, whose own manager makes the scopes."""

from __future__ import annotations

from .conftest import BUNDLES

MANAGER = "/user.slice/user-1000.slice/user@1000.service"

LIFE = """
limits = {"memory": {"limit": 64 << 20}, "pids": {"limit": 9}, "cpu": {"shares": 2048}}
script = "cat /proc/self/cgroup /sys/fs/cgroup/pids.max >/tmp/seen; sleep 1000"
config = document(place, script, resources=limits, cgroupsPath="my-own.slice:cl:one")
pid = create(place, config)
path = open(f"/proc/{pid}/cgroup").read().strip()
group = "/sys/fs/cgroup" + path.removeprefix("0::")

def shown(*names):
    print(path.removeprefix("0::"), *(open(f"{group}/{name}").read().strip() for name in names))

shown("memory.max", "pids.max", "cpu.weight")
print(oci(place, "start", "one"))
print(oci(place, "update", "--pids-limit", "5", "one"))
shown("memory.max", "pids.max")
further = "cat /proc/self/cgroup >/tmp/further"
print(oci(place, "exec", "one", BUSYBOX, "sh", "-c", further))
print(open(place + "/rootfs/tmp/further").read().strip())
print(oci(place, "pause", "one"), json.loads(oci(place, "state", "one"))["status"])
print(oci(place, "delete", "--force", "one"), os.path.exists(group))
print(open(place + "/rootfs/tmp/seen").read().split())
"""

UNDELEGATED = """
config = document(place, resources={"cpu": {"cpus": "0"}})
print(oci(place, "create", "--bundle", bundle(place, config), "one"))
print(os.path.exists(place + "/state"))
"""

HANGING = """
from cloche_linux.systemd import client
create(place, document(place))
print(oci(place, "delete", "--force", "one"))
top = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/"
manager = int(open(top + "init.scope/cgroup.procs").readline())
client.PATIENCE = 3.0
os.kill(manager, signal.SIGSTOP)
try:
    print(oci(place, "create", "--bundle", bundle(place, document(place)), "two"))
finally:
    os.kill(manager, signal.SIGCONT)
print(os.listdir(place + "/state"))
deadline = time.monotonic() + 30
unit = top + "user.slice/cloche-two.scope"
while os.path.exists(unit) and time.monotonic() < deadline:
    time.sleep(0.1)
print(os.path.exists(unit))
"""


def test_it_is_a_scope_of_the_users_with_limits_that_change(run_as_user):
    told = run_as_user(BUNDLES + LIFE)
    path = f"{MANAGER}/my.slice/my-own.slice/cl-one.scope"
    assert told == [
        f"{path} {64 << 20} 9 174", "", "", f"{path} {64 << 20} 5",
        "", "0::/", " paused", " False", "['0::/', '9']",
    ]  # fmt: skip


def test_what_the_user_was_not_given_is_named(run_as_user):
    refusal = "linux.resources.cpu.cpus: user ann has no delegated cpuset cgroup"
    assert run_as_user(BUNDLES + UNDELEGATED) == [refusal, "False"]


def test_a_manager_that_hangs_is_not_waited_for(run_as_user):
    said = "systemd did not answer within 3 s"
    assert run_as_user(BUNDLES + HANGING) == ["", said, "[]", "False"]
