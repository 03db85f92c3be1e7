# What this machine is and how it is doing, on one page.
set -u

section() { printf '\n== %s\n' "$1"; }
have() { command -v "$1" >/dev/null 2>&1; }

section "System"
echo "host      $(uname -n)"
if [ -r /etc/os-release ]; then
    echo "system    $(. /etc/os-release && echo "$PRETTY_NAME")"
fi
echo "kernel    $(uname -r) ($(uname -m))"
if read -r up _ </proc/uptime; then
    seconds=${up%.*}
    echo "up for    $((seconds / 86400)) days $((seconds % 86400 / 3600)) h $((seconds % 3600 / 60)) min"
fi

section "Processor"
model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
echo "model     ${model:-unknown}"
echo "cores     $(getconf _NPROCESSORS_ONLN)"
read -r one five fifteen _ </proc/loadavg
echo "load      $one $five $fifteen (1, 5, 15 min)"

section "Memory"
awk '/^(MemTotal|MemAvailable|SwapTotal|SwapFree):/ { printf "%-14s %8.1f MB\n", $1, $2 / 1024 }' /proc/meminfo

section "Disks"
df -hP -x tmpfs -x devtmpfs -x overlay -x squashfs 2>/dev/null || df -hP

section "Addresses"
if have ip; then
    ip -brief address
else
    hostname -I 2>/dev/null || echo "neither ip nor hostname is installed"
fi

section "Signed in"
if have who && [ -n "$(who)" ]; then
    who
else
    echo "nobody"
fi
