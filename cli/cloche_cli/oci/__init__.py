"""``cloche oci …``: the command line of an OCI runtime, for programs more than for people.

It has a grammar and pages of its own. Its way is short: nothing is imported here.
"""
