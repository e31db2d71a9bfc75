"""The command line of Cloche; it knows ``cloche`` and no backend."""
