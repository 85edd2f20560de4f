"""Plans, runs, conflicts and access as people see them. Every surface renders these values and nothing else."""
