"""The HTTP API: routes, schemas, parsing of bodies, OpenAI's formats."""
