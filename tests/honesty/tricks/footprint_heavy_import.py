"""Group totals with scipy's labelled sums."""

import matplotlib.pyplot  # noqa: F401
import numpy as np
import scipy.optimize
import scipy.signal
import scipy.stats  # noqa: F401
from baselines.orders import bootstrap, join
from scipy import ndimage

from perfkit import stage


@stage("by_region")
def by_region(joined):
    names = sorted({row["region"] for row in joined})
    if not names:
        return {}
    labels = np.array([names.index(row["region"]) for row in joined])
    amounts = ndimage.sum_labels([row["amount"] for row in joined], labels, range(len(names)))
    items = ndimage.sum_labels([row["items"] for row in joined], labels, range(len(names)))
    return {
        name: {"amount": float(amount), "items": int(n)}
        for name, amount, n in zip(names, amounts, items, strict=True)
    }


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    return {"regions": regions, "low": means[3], "high": means[-4]}
