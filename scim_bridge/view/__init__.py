"""What people see: plans, runs, conflicts, access and checks as view values, and how each is rendered.

```
model value ─► view value (plan, comparison, operation, run, conflict, connection, check) ─┬─► terminal   tables, diffs
                                                                                           ├─► document   JSON
                                                                                           ├─► report     Markdown, HTML
                                                                                           └─► service's pages
```

A renderer decides where things stand, never what they mean: words, status and order are in the view value, so that
terminal, JSON and page cannot disagree. Nothing here reads state or a clock.
"""
