"""Users, their sessions, and every bearer secret of the product."""
