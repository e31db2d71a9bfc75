"""Any OCI runtime of this machine as a backend: crun, runc, runsc, youki, kata."""
