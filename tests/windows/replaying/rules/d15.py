"""D15: an attached container has ``TerminateOnLastHandleClosed``."""

from __future__ import annotations

from replaying.golden import Golden

PATHS = ("calls[HcsCreateComputeSystem].args.configuration.TerminateOnLastHandleClosed",)


def rewrite(golden: Golden) -> None:
    """Containers of a scenario are attached, for their process lives as long as they do."""
    for call in golden.named("HcsCreateComputeSystem"):
        document = call.args["configuration"]
        assert isinstance(document, dict)
        document.setdefault("TerminateOnLastHandleClosed", True)
