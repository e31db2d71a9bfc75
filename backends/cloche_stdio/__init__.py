"""Standard streams for every runtime: inherited, empty, pipes and files."""
