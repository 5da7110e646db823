# The HEALTHCHECK of the parent in this project.
# composegen.service = child
# composegen.url = http://child.example.com
FROM inherited
CMD ["other"]
