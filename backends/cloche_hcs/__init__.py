"""Windows: containers of the Host Compute Service, driven through vmcompute.dll."""
