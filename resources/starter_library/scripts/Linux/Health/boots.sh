# Kernel, uptime, boots. Exit code 1 when the machine is up for too long.
set -u

most=${DF_MAXDAYS:-0}
most=${most%.*}
have() { command -v "$1" >/dev/null 2>&1; }

read -r seconds _ </proc/uptime
days=$((${seconds%.*} / 86400))
echo "kernel    $(uname -r) ($(uname -m))"
echo "up for    $days days $((${seconds%.*} % 86400 / 3600)) h"

if [ -d /lib/modules ] && [ ! -d "/lib/modules/$(uname -r)" ] && [ -n "$(ls -A /lib/modules)" ]; then
    echo "The modules of this kernel are not installed any more: a newer kernel waits for a restart."
fi

echo
echo "== Last boots"
if [ -d /run/systemd/system ] && have journalctl; then
    journalctl --list-boots --no-pager 2>/dev/null | tail -n 10
elif have last; then
    last -n 10 -x reboot shutdown 2>/dev/null | sed '/^$/d'
else
    echo "Neither journalctl nor last is here to tell."
fi

if [ "$most" -gt 0 ] && [ "$days" -gt "$most" ]; then
    echo "Up for more than $most days." >&2
    exit 1
fi
exit 0
