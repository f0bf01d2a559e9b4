"""Load tests with pass marks, and the comparison with other model servers."""
