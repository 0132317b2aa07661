"""Many customers, all faults on: in the end every halala is explained.

`AIS_TEST_EFFORT=K` simulates K times as many customers (170 are ten thousand), and
`AIS_TEST_SEED=N` repeats a run.
"""

import os

from tests.simulation import open_items, oracles, virtual_time
from tests.simulation.crowd import Crowd
from tests.support import hypothesis_profile

CUSTOMERS = 60


def test_with_all_faults_on_every_amount_is_explained() -> None:
    count = CUSTOMERS * int(os.environ.get("AIS_TEST_EFFORT", "1"))
    seed = hypothesis_profile.chosen_seed()
    crowd = Crowd(count, seed)
    try:
        virtual_time.run(crowd.live())
        oracles.every(crowd.world)
        open_items.every(crowd.world)
        assert crowd.figures["lost"], "no fault was on"
    finally:
        # Read where a run fails, and of a long run by -s.
        print(f"AIS_TEST_SEED={seed}, {count} customers: {dict(crowd.count())}")
