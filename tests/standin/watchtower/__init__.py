"""The program inside the image: standard library only, one process, no threads but the API's."""
