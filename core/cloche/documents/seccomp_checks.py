"""Checks of the seccomp section: names that libseccomp has, and what belongs together."""

from __future__ import annotations

from .faults import among, fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import LinuxSeccomp, LinuxSyscall

__all__ = ["check_seccomp"]

_PATH = "linux.seccomp"
#: As of libseccomp 2.6.0 (runtime-spec, config-linux.md, "Seccomp").
_ARCHITECTURES = frozenset(
    f"SCMP_ARCH_{name}"
    for name in (
        *("X86", "X86_64", "X32", "ARM", "AARCH64", "RISCV64", "LOONGARCH64", "M68K"),
        *("MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64", "MIPSEL64N32"),
        *("PPC", "PPC64", "PPC64LE", "S390", "S390X", "PARISC", "PARISC64", "SH", "SHEB"),
    )
)
_WITH_NUMBER = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")


def check_seccomp(seccomp: LinuxSeccomp) -> None:
    """Raise InvalidSpec for what no filter can be made of, whatever the machine."""
    for position, name in enumerate(seccomp.architectures or ()):
        among(f"{_PATH}.architectures[{position}]", name, _ARCHITECTURES)
    if seccomp.default_errno_ret is not None and seccomp.default_action not in _WITH_NUMBER:
        raise _no_number(f"{_PATH}.defaultErrnoRet", seccomp.default_action)
    if seccomp.listener_metadata is not None and seccomp.listener_path is None:
        raise fault(f"{_PATH}.listenerMetadata", "is for a listener, and listenerPath is missing")
    for position, rule in enumerate(seccomp.syscalls or ()):
        _rule(f"{_PATH}.syscalls[{position}]", rule)


def _rule(path: str, rule: LinuxSyscall) -> None:
    if not rule.names:
        raise fault(f"{path}.names", "names no system call")
    if rule.errno_ret is not None and rule.action not in _WITH_NUMBER:
        raise _no_number(f"{path}.errnoRet", rule.action)


def _no_number(path: str, action: str) -> Exception:
    return fault(path, f"{action} has no number to answer with")
