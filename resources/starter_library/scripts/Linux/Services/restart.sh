# Restarts one service and says how it is then.
set -u

service=${DF_SERVICE:-}
only=${DF_ONLYIFRUNNING:-false}

if [[ ! $service =~ ^[A-Za-z0-9_@:.\\-]+$ || $service == -* ]]; then
    echo "This cannot be the name of a service: $service" >&2
    exit 2
fi
if ! command -v systemctl >/dev/null 2>&1; then
    echo "This machine is not run by systemd." >&2
    exit 2
fi

if [ "$only" = true ] && ! systemctl is-active --quiet "$service"; then
    echo "$service does not run here: it is left alone."
    exit 0
fi
if ! systemctl restart "$service"; then
    echo "$service did not start." >&2
    journalctl --unit="$service" --lines=20 --no-pager --quiet >&2
    exit 1
fi
# A service that falls over right away is active for a moment.
sleep 2
systemctl show --property=Id,ActiveState,SubState,MainPID,NRestarts "$service"
if ! systemctl is-active --quiet "$service"; then
    echo "$service was started and does not run now." >&2
    journalctl --unit="$service" --lines=20 --no-pager --quiet >&2
    exit 1
fi
