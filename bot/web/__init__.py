"""The server: routes put together, the templates and the stylesheet that pages share."""
