"""Registries: the client's side of the OCI distribution-spec; `client.Registry` is its front."""
