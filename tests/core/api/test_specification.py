"""What parameters make of the specification."""

from __future__ import annotations

import json
import os
import stat

import pytest

from cloche import DEVNULL, InvalidSpec, Mount
from cloche.defaults import linux_process, linux_spec
from cloche.runtime import Capability, Isolation
from cloche.testing.fake_runtime import CAPABILITIES


@pytest.fixture
def asked(make_engine, recorder, monkeypatch):
    """Runs something and gives what a runtime was asked for; the fake can do everything here."""
    monkeypatch.setattr("cloche.testing.fake.CAPABILITIES", frozenset(Capability))
    assert frozenset(Capability) != CAPABILITIES
    engine = make_engine(recorder)

    def ask(**options):
        engine.run(["true"], stdout=DEVNULL, stderr=DEVNULL, **options)
        return recorder.request

    return ask


def test_nothing_asked_is_the_default(asked):
    request = asked()
    hostname = request.id
    process = linux_process(("true",))
    process = process.replace(env=(*process.env, f"HOSTNAME={hostname}"))
    expected = linux_spec(process, hostname=hostname, root=request.spec.root)
    assert request.spec == expected
    assert request.needs == {Capability.ISOLATE_PROCESS}
    assert request.isolation is Isolation.PROCESS


def test_environment_by_dockers_rules(asked, monkeypatch):
    monkeypatch.setenv("HERE", "1")
    monkeypatch.delenv("NOT_HERE", raising=False)
    env = asked(env=["A=b=c", "HERE", "NOT_HERE", "EMPTY=", "PATH=/bin"]).spec.process.env
    assert {"A=b=c", "HERE=1", "EMPTY=", "PATH=/bin"} <= set(env)
    assert len([v for v in env if v.startswith(("PATH=", "NOT_HERE"))]) == 1


def test_environment_as_a_mapping(asked, monkeypatch):
    monkeypatch.setenv("HERE", "1")
    assert {"A=b", "HERE=1"} <= set(asked(env={"A": "b", "HERE": None}).spec.process.env)


def test_nothing_else_of_the_callers_environment(asked, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    assert not [v for v in asked().spec.process.env if "SECRET" in v]


@pytest.mark.parametrize(
    ("user", "uid", "gid"), [("nobody", 0, 0), ("7", 7, 0), (7, 7, 0), ("7:8", 7, 8), ("7:x", 7, 0)]
)
def test_users_by_name_or_number(asked, user, uid, gid):
    found = asked(user=user).spec.process.user
    assert (found.uid, found.gid, found.username) == (uid, gid, str(user))


def test_groups_and_umask(asked):
    request = asked(group_add=[7, "audio"], umask="027")
    user = request.spec.process.user
    assert (user.additional_gids, request.groups, user.umask) == ((7,), ("audio",), 0o27)


def test_entrypoint_comes_before_the_arguments(make_engine, recorder):
    engine = make_engine(recorder)
    engine.run(["b"], entrypoint="echo", stdout=DEVNULL)
    assert recorder.request.spec.process.args == ("echo", "b")
    engine.run([], entrypoint=["echo", "a"], stdout=DEVNULL)
    assert recorder.request.spec.process.args == ("echo", "a")


def test_capabilities_and_the_profile_that_goes_with_them(asked):
    spec = asked(cap_drop=["ALL"], cap_add=["net_admin"]).spec
    assert spec.process.capabilities.bounding == ("CAP_NET_ADMIN",)
    profile = asked(cap_add=["SYS_ADMIN"]).spec.linux.seccomp
    assert any("mount" in rule.names for rule in profile.syscalls)
    assert not any("mount" in rule.names for rule in asked().spec.linux.seccomp.syscalls)


def test_security_options(asked, tmp_path):
    assert asked(security_opt=["seccomp=unconfined"]).spec.linux.seccomp is None
    assert asked(security_opt=["seccomp:unconfined"]).spec.linux.seccomp is None
    assert asked().spec.process.no_new_privileges is True
    for allowed in ("no-new-privileges:false", "no-new-privileges=false"):
        assert asked(security_opt=[allowed]).spec.process.no_new_privileges is False
    profile = {"defaultAction": "SCMP_ACT_ALLOW"}
    (tmp_path / "p.json").write_text(json.dumps(profile))
    seccomp = asked(security_opt=[f"seccomp={tmp_path}/p.json"]).spec.linux.seccomp
    assert seccomp.default_action == "SCMP_ACT_ALLOW"


def test_dockers_form_of_a_profile_keeps_its_conditions(asked, tmp_path):
    """A rule for those with a capability must not become a rule for all."""

    def rule(name, **conditions):
        return {"names": [name], "action": "SCMP_ACT_ALLOW", **conditions}

    rules = [
        rule("always"),
        rule("held", includes={"caps": ["CAP_KILL"]}),
        rule("not-held", includes={"caps": ["CAP_SYS_ADMIN"]}),
        rule("excluded", excludes={"caps": ["CAP_KILL"]}),
        rule("elsewhere", includes={"arches": ["s390x"]}),
        rule("here", includes={"arches": ["amd64", "arm64"]}),
        rule("old", includes={"minKernel": "4.8"}),
        rule("future", includes={"minKernel": "99.0"}),
    ]  # fmt: skip
    profile = {"defaultAction": "SCMP_ACT_ERRNO", "archMap": [], "syscalls": rules}
    (tmp_path / "p.json").write_text(json.dumps(profile))
    seccomp = asked(security_opt=[f"seccomp={tmp_path}/p.json"]).spec.linux.seccomp
    assert [r.names[0] for r in seccomp.syscalls] == ["always", "held", "here", "old"]


def test_network(asked):
    def kinds(request):
        return {space.type for space in request.spec.linux.namespaces}

    assert "network" in kinds(asked())
    host = asked(network="host")
    assert "network" not in kinds(host)
    assert host.spec.hostname == os.uname().nodename


def test_limits(asked):
    resources = asked(
        memory="256M", memory_swap="1G", cpus=0.5, cpu_shares=512, cpuset_cpus="0-1", pids_limit=64
    ).spec.linux.resources
    assert (resources.memory.limit, resources.memory.swap) == (256 << 20, 1 << 30)
    assert (resources.cpu.quota, resources.cpu.period) == (50_000, 100_000)
    assert (resources.cpu.shares, resources.cpu.cpus, resources.pids.limit) == (512, "0-1", 64)


@pytest.mark.parametrize("none", [{}, {"pids_limit": -1}, {"pids_limit": 0}])
def test_no_limits_need_nothing(asked, none):
    request = asked(**none)
    assert request.spec.linux.resources is None
    assert Capability.LIMITS not in request.needs


@pytest.mark.parametrize(
    ("options", "need"),
    [
        ({"memory": "1G"}, Capability.LIMITS),
        ({"pids_limit": 9}, Capability.LIMITS),
        ({"volumes": ["/tmp:/x"]}, Capability.BIND_MOUNTS),
        ({"mounts": [Mount.bind("/tmp", "/x")]}, Capability.BIND_MOUNTS),
    ],
)
def test_needs(asked, options, need):
    assert need in asked(**options).needs


def test_ulimits(asked):
    for written in ({"nofile": (10, 20)}, ["nofile=10:20"], {"NOFILE": (10, 20)}):
        (limit,) = asked(ulimits=written).spec.process.rlimits
        assert (limit.type, limit.soft, limit.hard) == ("RLIMIT_NOFILE", 10, 20)
    (limit,) = asked(ulimits={"core": -1}).spec.process.rlimits
    assert limit.hard == 2**64 - 1


def test_sysctls_and_scores(asked):
    spec = asked(sysctls={"net.core.somaxconn": 5}, oom_score_adj=7).spec
    assert (spec.linux.sysctl, spec.process.oom_score_adj) == ({"net.core.somaxconn": "5"}, 7)


def test_binds(asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    mounts = asked(
        volumes=["./data:/a", "data:/b:ro"], mounts=[Mount.bind("data", "/c")]
    ).spec.mounts
    found = {m.destination: m for m in mounts if m.type == "bind"}
    assert {m.source for m in found.values()} == {str(tmp_path / "data")}
    assert "rro" in found["/b"].options
    assert not {"ro", "rro"} & set(found["/a"].options)
    assert [m.destination for m in mounts[-3:]] == ["/c", "/a", "/b"]


def test_drive_letters_parse():
    mount = Mount.parse(r"C:\data:D:\x:ro")
    assert (mount.source, mount.target, mount.read_only) == (r"C:\data", r"D:\x", True)


def test_memory_file_systems(asked):
    mounts = asked(tmpfs=["/a:size=1M,mode=700,ro", "/b"], shm_size="1M").spec.mounts
    found = {m.destination: m.options for m in mounts if m.type == "tmpfs"}
    assert {"size=1048576", "mode=700", "ro"} <= set(found["/a"])
    assert "mode=1777" in found["/b"]
    assert "size=1048576" in found["/dev/shm"]
    assert {"size=5"} <= set(asked(tmpfs={"/a": "size=5"}).spec.mounts[-1].options)


def test_a_mount_of_ours_gives_way_to_one_asked_for(asked):
    mounts = asked(tmpfs=["/dev/shm"]).spec.mounts
    assert [m.destination for m in mounts].count("/dev/shm") == 1


def test_devices(asked):
    request = asked(devices=["/dev/null:/dev/zilch"])
    (device,) = request.spec.linux.devices
    assert (device.path, device.type, device.major, device.minor) == ("/dev/zilch", "c", 1, 3)
    assert device.file_mode == stat.S_IMODE(os.stat("/dev/null").st_mode)
    assert request.spec.linux.resources is None


@pytest.mark.parametrize("options", [{"devices": ["/dev/null:/dev/z:mr"]}, {"cap_add": ["MKNOD"]}])
def test_device_rules_where_nodes_do_not_suffice(asked, options):
    """With CAP_MKNOD and no rules, a container would have the host's disks."""
    rules = asked(**options).spec.linux.resources.devices
    assert (rules[0].allow, rules[0].type, rules[0].access) == (False, None, "rwm")
    if "devices" in options:
        assert (rules[-1].major, rules[-1].minor, rules[-1].access) == (1, 3, "rm")


def test_the_root(asked, tmp_path):
    (tmp_path / "rootfs").mkdir()
    request = asked(read_only=True, rootfs=tmp_path / "rootfs")
    assert request.spec.root.readonly is True
    assert [(layer.kind, str(layer.path)) for layer in request.layers] == [
        ("directory", str(tmp_path / "rootfs"))
    ]
    assert [layer.kind for layer in asked().layers] == ["host"]


def test_the_rest_of_the_request(asked):
    request = asked(files={"/a": "\u00e4", "/b": b"\xff"}, init=False, allow_unenforced=["memory"])
    assert request.files == (("/a", b"\xc3\xa4"), ("/b", b"\xff"))
    assert (request.init, request.idle, request.unenforced) == (False, False, {"memory"})


def test_a_terminal(make_engine, recorder):
    """Nobody here gives one; what is asked for is seen before that is found out."""
    from cloche.options import START
    from cloche.request import ask
    from cloche.specification import specify

    spec = specify(ask("start", ["sh"], {"tty": (100, 30)}, START), "id")
    box = spec.process.console_size
    assert (spec.process.terminal, box.width, box.height) == (True, 100, 30)
    assert "TERM=xterm" in spec.process.env


def test_more_than_a_container_had_can_be_given_to_an_exec(engine):
    with engine.start(idle=True) as box, pytest.raises(InvalidSpec, match="no such capability"):
        box.run(["true"], cap_add=["FLY"])
