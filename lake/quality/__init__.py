"""Contracts as a gate: what changed is judged, recorded, and held back where it fails."""
