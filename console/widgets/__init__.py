"""Parts of pages that know the theme and Qt, and nothing of the product."""
