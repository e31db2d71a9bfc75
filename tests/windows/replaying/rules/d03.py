"""D3: no ``<id>-hcs.json`` in the working directory."""

from __future__ import annotations

import json

from replaying.golden import Golden
from replaying.trace import same

PATHS = ("steps[*].files.C:\\oracle\\cwd\\*-hcs.json", "steps[new].printed")

FOLDER = "C:\\oracle\\cwd\\"
ENDING = "-hcs.json"
COMPLAINT = "failed to create file: open "


def rewrite(golden: Golden) -> None:
    """The file goes, if it is the document that the service was given."""
    for step, result in enumerate(golden.results):
        for path in [*result.files]:
            if path.startswith(FOLDER) and path.endswith(ENDING):
                name = path.removeprefix(FOLDER).removesuffix(ENDING)
                if _is_document(golden, step, name, result.files[path]):
                    del result.files[path]
        if str(result.values.get("printed", "")).startswith(COMPLAINT):
            del result.values["printed"]


def _is_document(golden: Golden, step: int, id: str, change: dict[str, object]) -> bool:
    """Whether a file holds what this step told the service of this container."""
    if change["change"] != "added" or change.get("readonly") is not True:
        return False
    told = [
        call.args["configuration"]
        for call in golden.of_step(step, "HcsCreateComputeSystem")
        if call.args["id"] == id
    ]
    return len(told) == 1 and same(json.loads(str(change["content"])), told[0])
