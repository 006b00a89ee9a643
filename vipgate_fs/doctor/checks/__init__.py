"""The checks, a file for each kind. A check makes findings of facts, and does nothing else."""
