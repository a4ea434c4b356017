"""Small, typed helpers of the course Good Start: initialization, activations and their probes."""

__version__ = "0.1.0"
