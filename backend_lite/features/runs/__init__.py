"""Running things: rollouts, their runs and steps, attempts, output."""
