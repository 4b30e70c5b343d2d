"""Public homes, and simulated ones -> the files that partners send, for demo, tests, benchmarks."""
