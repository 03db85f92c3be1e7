# The time zone, by systemd where it runs.
set -u

zone=${DF_ZONE:-}
marks=/var/lib/deployflow-scripts
if [[ ! $zone =~ ^[A-Za-z0-9_+/-]+$ || ! -f /usr/share/zoneinfo/$zone ]]; then
    echo "This machine knows no time zone $zone." >&2
    exit 2
fi

before=$(readlink -f /etc/localtime)
if [ "$before" != "$(readlink -f "/usr/share/zoneinfo/$zone")" ]; then
    mkdir -p "$marks" || exit 1
    printf '%s\n' "${before#/usr/share/zoneinfo/}" >"$marks/time-zone" || exit 1
fi
if [ -d /run/systemd/system ]; then
    timedatectl set-timezone "$zone" || exit 1
else
    ln -sfn "/usr/share/zoneinfo/$zone" /etc/localtime || exit 1
    if [ -f /etc/timezone ]; then
        printf '%s\n' "$zone" >/etc/timezone || exit 1
    fi
fi
date '+It is %H:%M %Z now.'
