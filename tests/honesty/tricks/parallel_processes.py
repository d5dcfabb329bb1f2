"""The region totals on one process each."""

import multiprocessing

from baselines.orders import bootstrap, join

from perfkit import stage


def _total(rows):
    amount, items = 0.0, 0
    for row in rows:
        amount += row["amount"]
        items += row["items"]
    return {"amount": amount, "items": items}


@stage("by_region")
def by_region(joined):
    groups = {}
    for row in joined:
        groups.setdefault(row["region"], []).append(row)
    names = sorted(groups)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return dict(zip(names, pool.map(_total, [groups[name] for name in names]), strict=True))


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
