"""The page at / and the API page at /docs, served from files without a build."""
