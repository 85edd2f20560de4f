"""The values every room passes on, and the protocols at the ends. No I/O, no clock.

identity      what a source shows and what a target should hold, or holds; how a record and a resource are named
capabilities  what a target can hold, as data
policy        what an operator allows
remembered    what earlier runs left behind
operation     one step of a plan, and its outcome
effect        what the guard counts of a plan
plan          the steps, and what waits for a decision
protocol      Source, Target, Journal: the seams at which real parts and fakes are exchanged

The kinds of things, one row each: scim_attribute, operation_kind, conflict_kind, limit.
"""
