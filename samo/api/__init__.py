"""The HTTP API: the application, its routes and schemas, parsing of bodies, OpenAI's formats."""
