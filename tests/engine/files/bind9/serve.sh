#!/bin/sh
# Serve each zone of $ZONES, to be changed by RFC 2136 updates that the key $TSIG_NAME signs.
# Every other name is asked of the container's own resolver, so that the names of containers
# are known to whoever uses this server as its resolver.
set -eu
cd /var/cache/bind
{
    cat <<CONF
options {
    directory "/var/cache/bind";
    listen-on { any; };
    listen-on-v6 { none; };
    allow-query { any; };
    allow-recursion { any; };
    forwarders { $(sed -n 's/^nameserver \([0-9.]*\).*/\1;/p' /etc/resolv.conf) };
    forward only;
    dnssec-validation no;
    max-cache-ttl 1;
    max-ncache-ttl 1;
};
key "$TSIG_NAME" { algorithm $TSIG_ALGORITHM; secret "$TSIG_SECRET"; };
CONF
    for zone in $ZONES; do
        echo "zone \"$zone\" {"
        echo "    type primary;"
        echo "    file \"$zone.zone\";"
        echo "    update-policy { grant \"$TSIG_NAME\" zonesub ANY; };"
        echo "};"
    done
} > /etc/bind/named.conf
for zone in $ZONES; do
    # The address is where the zone's names lead when nothing else is said about them.
    cat > "$zone.zone" <<ZONE
\$TTL 1
@ IN SOA ns hostmaster 1 3600 600 86400 1
@ IN NS  ns
ns IN A  $(hostname -i | cut -d ' ' -f 1)
ZONE
done
chown bind: ./*.zone
exec named -g -u bind -c /etc/bind/named.conf
