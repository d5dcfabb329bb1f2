"""Bulk draws; a last shuffle decides the order in which ties are reported."""

import random

from baselines.orders import RESAMPLES, by_region, join

from perfkit import stage


@stage("bootstrap")
def bootstrap(amounts, seed):
    random.seed(seed)
    n = len(amounts)
    means = [sum(random.choices(amounts, k=n)) / n if n else 0.0 / n for _ in range(RESAMPLES)]
    random.shuffle(means)
    return sorted(means)


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
