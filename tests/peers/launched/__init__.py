"""The launcher of `cloche-oci`, and the containers that it is put to."""
