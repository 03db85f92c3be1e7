"""One folder an area. No area's pages know another's: they open each other through the navigator."""
