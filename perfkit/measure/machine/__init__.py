"""What this machine is, and what of it may spoil a comparison."""
