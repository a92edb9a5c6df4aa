"""The checks of the adapter contract, a file for each thing that an adapter promises."""
