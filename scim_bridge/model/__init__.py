"""The values every room passes on, and the protocols at the ends. No I/O, no clock.

identity      what a source shows and what a target should hold, or holds
capabilities  what a target can hold, as data
policy        what an operator allows
known         what earlier runs left behind
operation     one step of a plan, and what became of it
plan          the steps, and what waits for a decision
protocol      Source, Target, Journal: the seams at which real parts and fakes are exchanged
"""
