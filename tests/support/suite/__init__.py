"""Rules of the test suite: required programs and features, tests that run alone, planted faults, waiting times."""
