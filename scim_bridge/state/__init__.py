"""What is remembered between runs: links, runs, operations, conflicts. A reader and a writer."""
