"""A stage for updates: a registry, a project behind Traefik, its log, a watchtower."""
