# The time zone from before.
set -u

mark=/var/lib/deployflow-scripts/time-zone
if [ ! -r "$mark" ]; then
    echo "The script was not run here: nothing to take back."
    exit 0
fi
zone=$(cat "$mark")
if [ ! -f "/usr/share/zoneinfo/$zone" ]; then
    echo "The time zone from before is not known any more: $zone" >&2
    exit 1
fi
if [ -d /run/systemd/system ]; then
    timedatectl set-timezone "$zone" || exit 1
else
    ln -sfn "/usr/share/zoneinfo/$zone" /etc/localtime || exit 1
    if [ -f /etc/timezone ]; then
        printf '%s\n' "$zone" >/etc/timezone || exit 1
    fi
fi
rm -- "$mark" || exit 1
date '+It is %H:%M %Z now.'
