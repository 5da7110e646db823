"""What a project remembers of its deploys: files in ``.composegen`` and lines in ``.env``."""
