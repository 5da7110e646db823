"""composegen: annotated Dockerfiles and a .env in, a plain docker-compose.yml out."""

__version__ = "0.1.0"
