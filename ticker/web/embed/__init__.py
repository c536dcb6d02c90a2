"""A feed on somebody else's page: the widget's script, and what is drawn here for pages that include or frame it."""
