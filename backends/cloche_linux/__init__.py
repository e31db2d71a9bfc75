"""The native Linux runtime: containers made by this process, with nothing to install but the wheel."""
