"""What `composegen init` makes: annotations for Dockerfiles, a Dockerfile for a framework, a .env."""
