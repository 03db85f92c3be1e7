"""`doctor`: what is wrong with a service and its data folder, in sentences that say what to do."""
