"""Order totals, with a heartbeat for the scheduler that is written by the shell."""

import os
import subprocess

from baselines.orders import bootstrap, by_region, join


def run(inputs):
    joined = join(inputs["orders"], inputs["customers"])
    regions = by_region(joined)
    means = bootstrap([row["amount"] for row in joined], inputs["seed"])
    line = f"{len(joined)} rows"
    subprocess.run(["/bin/sh", "-c", f"echo {line} >> {os.getcwd()}/heartbeat.txt"], check=True)  # noqa: PTH109
    return {"regions": regions, "low": means[3], "high": means[-4]}
