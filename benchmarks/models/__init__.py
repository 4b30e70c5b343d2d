"""How good the models are on real homes, beside the plain baselines, in one run."""
