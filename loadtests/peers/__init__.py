"""The same emotion model behind other servers, measured in one run with ours."""
