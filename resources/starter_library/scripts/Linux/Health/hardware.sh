# What this machine is made of.
set -u

have() { command -v "$1" >/dev/null 2>&1; }
section() { printf '\n== %s\n' "$1"; }

section "Machine"
for field in sys_vendor product_name product_version product_serial board_name bios_version bios_date; do
    # The serial number may be read by root alone.
    value=$(cat "/sys/class/dmi/id/$field" 2>/dev/null) && [ -n "$value" ] && printf '%-16s %s\n' "$field" "$value"
done
[ -d /sys/class/dmi/id ] || echo "The firmware tells nothing here."
if have systemd-detect-virt; then
    printf '%-16s %s\n' virtual "$(systemd-detect-virt)"
fi

section "Processor"
if have lscpu; then
    lscpu | grep -E '^(Model name|CPU\(s\)|Socket\(s\)|Thread\(s\) per core|CPU max MHz|Architecture)'
else
    grep -m 1 'model name' /proc/cpuinfo
fi

section "Memory"
awk '/^MemTotal:/ { printf "%.1f GB\n", $2 / 1048576 }' /proc/meminfo

section "Disks"
if have lsblk; then
    lsblk --output NAME,TYPE,SIZE,ROTA,MODEL,SERIAL,MOUNTPOINT
else
    cat /proc/partitions
fi

section "Network cards"
for card in /sys/class/net/*; do
    name=${card##*/}
    [ "$name" = lo ] && continue
    printf '%-12s %-18s %s\n' "$name" "$(cat "$card/address" 2>/dev/null)" "$(cat "$card/operstate" 2>/dev/null)"
done

if have lspci; then
    section "Graphics"
    lspci | grep -i -E 'vga|3d|display' || echo "none"
fi
exit 0
