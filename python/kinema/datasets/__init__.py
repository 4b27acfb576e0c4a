"""Small data sets of real video that come with the package."""

from kinema.datasets import grid_commands as grid_commands
