"""The audit: appended to in the transaction of the change, each event chained to the one before."""
