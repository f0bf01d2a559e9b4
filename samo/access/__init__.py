"""Who may call, and how much: API keys, scopes, rate limits."""
