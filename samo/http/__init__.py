"""HTTP transport below the routes: server, connections, middleware, error envelope."""
