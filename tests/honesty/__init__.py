"""The adversarial set: rewrites that cheat, rewrites that do not, and baselines that are held back."""
