"""Why a home gets no answer, a file for each insight (models.insight_refusals)."""
