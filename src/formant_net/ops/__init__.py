"""What an operator of many boxes needs: checks of a machine, the service unit, the log, the soak test."""
