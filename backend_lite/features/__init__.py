"""The areas of the product, low to high: access, fleet, library, runs, enroll."""
