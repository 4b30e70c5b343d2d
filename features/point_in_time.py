"""The point-in-time join, under the name by which models know it; the feature store has it too."""

from lake.point_in_time import point_in_time

__all__ = ["point_in_time"]
