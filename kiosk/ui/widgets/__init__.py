"""The window's own widgets: painted or composed, without a page's knowledge and without words of their own choosing."""
