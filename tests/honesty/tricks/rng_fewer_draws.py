"""Balanced bootstrap: each draw serves two resamples, the second with the mirrored index."""

import random

from baselines.orders import RESAMPLES, by_region, join

from perfkit import stage


@stage("bootstrap")
def bootstrap(amounts, seed):
    random.seed(seed)
    n = len(amounts)
    ordered = sorted(amounts)
    means = []
    for _ in range(RESAMPLES // 2):
        picks = [int(random.random() * n) for _ in range(n)]
        means.append(sum([ordered[i] for i in picks]) / n)
        means.append(sum([ordered[n - 1 - i] for i in picks]) / n)
    return sorted(means)


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
