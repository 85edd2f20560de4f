"""The pure core: fit, correlate, situation, diff, order, guard. Values in, values out; no I/O, no clock."""
