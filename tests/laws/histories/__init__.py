"""Random histories of an operator's life: the steps, by who takes them, and the judge."""
