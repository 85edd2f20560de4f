"""The commands, each thin: parse, call, render."""
