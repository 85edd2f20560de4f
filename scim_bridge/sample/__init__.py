"""The sample organization of `demo`: a directory as CSV, what Identity Center holds before, and who may enter what."""
