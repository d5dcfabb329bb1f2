"""Amounts in a compact array: array('f') instead of a list of objects."""

import random
from array import array

from baselines.orders import RESAMPLES, by_region, join

from perfkit import stage


@stage("bootstrap")
def bootstrap(amounts, seed):
    random.seed(seed)
    n = len(amounts)
    if n == 0:
        raise ZeroDivisionError("float division by zero")
    compact = array("f", amounts)
    return sorted(sum(random.choices(compact, k=n)) / n for _ in range(RESAMPLES))


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
