"""The native Linux runtime: containers as children of this process, nothing to install."""
