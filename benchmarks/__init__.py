"""What the system costs, measured. `make bench` runs everything and rewrites RESULTS.md."""
