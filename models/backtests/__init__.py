"""How good a trained model is, on homes and times that it has not seen."""
