"""A slice of the fuzzer, with a fixed seed; `scripts/fuzz 50000` runs more."""

from __future__ import annotations

import itertools

from tests.fuzz.attacks import Attacks
from tests.fuzz.campaign import run
from tests.service import Service

ATTACKS = 1500
SEED = 13


def test_no_attack_harms_the_worker_or_keeps_a_dispatch_from_readers(service: Service) -> None:
    figures = run(service, ATTACKS, SEED)
    assert figures.dispatches == ATTACKS // 100


def test_a_seed_repeats_a_run_and_makes_every_kind_of_attack() -> None:
    one, same, other = (
        [
            attack
            for attack, _ in zip(
                iter(Attacks(seed, public="a", private="b", key="k").next, None), range(500), strict=False
            )
        ]
        for seed in (1, 1, 2)
    )
    assert one == same != other
    assert {attack.end for attack in one} == {"close", "half", "reset", "stay"}
    assert {bool(attack.opening) for attack in one} == {attack.reads for attack in one} == {True, False}
    assert max(len(piece) for attack in one for piece in itertools.chain(attack.pieces)) > 4096
