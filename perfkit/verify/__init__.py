"""Is it still right? Every stage's value is kept as plain leaves; then the two sides' are compared."""
