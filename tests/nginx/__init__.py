"""nginx without a container: its configuration as it reads it, and its own check of one."""
