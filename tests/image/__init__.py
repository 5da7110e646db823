"""composegen's own image, built from image/Dockerfile for the tests' engine."""
