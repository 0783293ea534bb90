"""The library beside its peers, on the same work in one run: figures, a page and plots."""
