# composegen.service = clean
FROM alpine
CMD ["clean"]
