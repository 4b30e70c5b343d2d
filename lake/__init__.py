"""The ground under all layers: contracts, tables, runs. It knows no layer and no energy."""
