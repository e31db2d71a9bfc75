"""A policy of SELinux's that is just large enough to see labels hold.

Everything that the kernel asks and the policy does not name is allowed (``allow_unknown``); what it
names are processes and files. ``box_t`` is the domain of containers: it may do all but with files
of ``secret_t``.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

__all__ = ["COMPILER", "policy"]

COMPILER = "checkpolicy"
#: In the kernel's order (``security/selinux/include/initial_sid_to_string.h``).
INITIAL = (
    *("kernel", "security", "unlabeled", "fs", "file", "file_labels", "init", "any_socket", "port"),
    *("netif", "netmsg", "node", "igmp_packet", "icmp_socket", "tcp_socket", "sysctl_modprobe"),
    *("sysctl", "sysctl_fs", "sysctl_kernel", "sysctl_net", "sysctl_net_unix", "sysctl_vm"),
    *("sysctl_dev", "kmod", "policy", "scmp_packet", "devnull"),
)
PERMISSIONS = {
    "process": (
        *("fork", "transition", "dyntransition", "sigchld", "sigkill", "sigstop", "signull"),
        *("signal", "ptrace", "getsched", "setsched", "getsession", "getpgid", "setpgid"),
        *("getcap", "setcap", "share", "getattr", "setexec", "setfscreate", "noatsecure"),
        *("siginh", "setrlimit", "rlimitinh", "setcurrent", "execmem", "execstack", "execheap"),
        *("setkeycreate", "setsockcreate", "getrlimit"),
    ),
    "file": (
        *("ioctl", "read", "write", "create", "getattr", "setattr", "lock", "relabelfrom"),
        *("relabelto", "append", "map", "unlink", "link", "rename", "execute", "quotaon"),
        *("mounton", "audit_access", "open", "execmod", "watch", "watch_mount", "watch_sb"),
        *("watch_with_perm", "watch_reads", "execute_no_trans", "entrypoint"),
    ),
}
DOMAINS = ("kernel_t", "box_t")
FILES = ("file_t", "box_file_t", "secret_t")
LABELLED = ("rootfs", "tmpfs", "ramfs", "devtmpfs", "devpts", "mqueue", "overlay")
RULES = """
attribute everything;
{types}
role system_r;
role system_r types {{ {domains} }};
allow kernel_t everything:process *;
allow kernel_t everything:file *;
allow box_t everything:process *;
allow box_t {{ kernel_t box_t file_t box_file_t }}:file *;
user system_u roles system_r level s0 range s0 - s0:c0.c9;
{sids}
{file_systems}
"""


def policy() -> bytes:
    """Compile it, in the kernel's form."""
    with tempfile.TemporaryDirectory() as directory:
        source, compiled = Path(directory, "policy.conf"), Path(directory, "policy")
        source.write_text(_source())
        options = ("-M", "-U", "allow", "-c", "33", "-o", str(compiled))
        subprocess.run([COMPILER, *options, str(source)], check=True, capture_output=True)
        return compiled.read_bytes()


def _source() -> str:
    lines = [f"class {name}" for name in PERMISSIONS]
    lines += [f"sid {name}" for name in INITIAL]
    lines += [f"class {name} {{ {' '.join(each)} }}" for name, each in PERMISSIONS.items()]
    lines += ["sensitivity s0;", "dominance { s0 }", *(f"category c{n};" for n in range(10))]
    lines += ["level s0:c0.c9;", "mlsconstrain file write ( l1 dom l2 or t1 == kernel_t );"]
    lines += ["policycap nnp_nosuid_transition;"]
    rules = RULES.format(
        types="\n".join(f"type {name}, everything;" for name in (*DOMAINS, *FILES)),
        domains=" ".join(DOMAINS),
        sids="\n".join(f"sid {name} {_context(name)}" for name in INITIAL),
        file_systems="\n".join(_file_systems()),
    )
    return "\n".join(lines) + rules


def _context(sid: str) -> str:
    domain = sid in ("kernel", "init")
    return f"system_u:{'system_r:kernel_t' if domain else 'object_r:file_t'}:s0"


def _file_systems() -> list[str]:
    labelled = [f"fs_use_trans {name} system_u:object_r:file_t:s0;" for name in LABELLED]
    others = ("proc", "sysfs", "selinuxfs", "cgroup2", "cgroup")
    return [*labelled, *(f"genfscon {name} / system_u:object_r:file_t:s0" for name in others)]
