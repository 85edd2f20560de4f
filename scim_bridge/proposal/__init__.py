"""What `init` proposes: from what a source shows, a mapping and a configuration, as texts for a person to keep.

Pure, but for `survey`, which reads a page of the source, and `questions`, which looks at what an answer names: a file,
a secret. Asking and writing files are the command's.
"""
