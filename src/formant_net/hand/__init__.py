"""What every bridge into an ensemble plays with: limits, changes of fingers gathered into messages, what comes out."""
