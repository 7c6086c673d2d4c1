"""The command line: one file a command; click is used here and nowhere else."""
