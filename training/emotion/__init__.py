"""Train, calibrate and evaluate the emotion classifier. The data is described in journal.md."""
