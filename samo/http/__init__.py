"""HTTP transport under the routes: server, connections, middleware, error envelope."""
