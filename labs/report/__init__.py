"""One self-contained page that shows a run: what was deployed, where the records went, what was found."""
