"""Everything on one machine: the supervisor of child processes, and the playground."""
