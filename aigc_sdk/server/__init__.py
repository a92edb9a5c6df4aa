"""An HTTP server that speaks OpenAI's API, over one client. Importing this loads no web framework."""
