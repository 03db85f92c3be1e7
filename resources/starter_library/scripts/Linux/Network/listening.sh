# Who waits for connections, and where.
set -u

if command -v ss >/dev/null 2>&1; then
    ss --listening --tcp --udp --processes --numeric
    exit
fi

echo "ss is not installed: TCP ports from /proc, without their programs."
# The kernel writes ports in hexadecimal; state 0A is listening.
for table in /proc/net/tcp /proc/net/tcp6; do
    [ -r "$table" ] || continue
    tail -n +2 "$table" | while read -r _ local _ state _; do
        [ "$state" = 0A ] && printf '%s port %d\n' "${table##*/}" "0x${local##*:}"
    done
done | sort -u -k3 -n
