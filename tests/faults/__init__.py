"""Seeded fault plans against real processes, and a checker of everything that was seen.

`plan` makes a plan of a seed; `run` starts its `topology` (`processes`, `proxy`), `writers`, `readers`, `onlookers`
and a `breaker`, which does the faults in `kinds`. All of them write a `history`. `checker` judges it by the `laws`;
`known` lists the breaks that are still open; `timeline` and `summary` print. `campaign` runs many plans; `planted` has
the bugs that they must catch. From the service itself nothing is imported, except by those bugs.

`scripts/faults N --seed S` runs N plans; `test_plans.py` runs ten.
"""
