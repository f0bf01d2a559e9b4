"""How the emotion classifier is trained, calibrated, published and evaluated."""
