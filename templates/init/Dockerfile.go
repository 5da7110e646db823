# composegen.service = @service@
# composegen.url = https://${SITE_HOST}
# composegen.port = @port@
# composegen.scale = 1

FROM golang:@version@ AS build
WORKDIR /src
COPY @sums@ ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -o /app @package@

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /app /app
CMD ["/app"]
