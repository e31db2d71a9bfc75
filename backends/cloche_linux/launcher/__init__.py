"""The launcher of `cloche-oci` in Python: what it begins with where it does not do a thing itself.

The first command is begun as any program in Python. Then a dump is made: the memory of a process
that has imported what commands need, with which later commands go on (``_native/launcher``).
"""
