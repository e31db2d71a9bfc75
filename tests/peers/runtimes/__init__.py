"""OCI runtimes side by side: each among mounts of its own, and what the others fail."""
