# An image with only the static receiver: no shell, no root. See "Container" in docs/operations.md.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN packaging/build-static \
    && install -D target/release/webhook-receiver /image/usr/local/bin/webhook-receiver \
    && install -d /image/etc/webhook-receiver /image/empty \
    # The certificate authorities that the relay trusts.
    && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt

FROM scratch
COPY --from=build /image/usr /usr
COPY --from=build /image/etc /etc
COPY --from=build --chown=65532:65532 /image/empty /var/lib/webhook-receiver
USER 65532:65532
VOLUME /var/lib/webhook-receiver
EXPOSE 8080 9090
ENTRYPOINT ["/usr/local/bin/webhook-receiver"]
CMD ["serve", "--config", "/etc/webhook-receiver/receiver.toml"]
