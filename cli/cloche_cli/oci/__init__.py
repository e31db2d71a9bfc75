"""`cloche oci`: the command line of an OCI runtime, for programs more than for people."""
