# How this machine is connected.
set -u

have() { command -v "$1" >/dev/null 2>&1; }

echo "== Addresses"
if have ip; then ip -brief address; else hostname -I; fi

echo
echo "== Routes"
if have ip; then
    ip route
    ip -6 route 2>/dev/null
else
    cat /proc/net/route
fi

echo
echo "== Name servers"
if have resolvectl && [ -d /run/systemd/system ]; then
    resolvectl --no-pager dns 2>/dev/null
fi
grep -v -E '^[[:space:]]*(#|;|$)' /etc/resolv.conf

echo
echo "== Traffic since the start (MB in, errors, MB out, errors)"
tail -n +3 /proc/net/dev | sed 's/:/ /' |
    awk '{ printf "%-12s %12.1f %8d %12.1f %8d\n", $1, $2 / 1048576, $4, $10 / 1048576, $12 }'
