"""What `init` proposes: from what a source shows, a mapping and a configuration, as texts for a person to keep.

Pure, but for `survey`, which reads a page of the source. Asking and writing files are the command's.
"""
