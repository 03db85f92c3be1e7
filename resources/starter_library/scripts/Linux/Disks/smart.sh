# What the disks say of themselves. Exit code 1 when one fails, 2 when they cannot be asked.
set -u

if ! command -v smartctl >/dev/null 2>&1; then
    echo "smartctl is not installed: install the package smartmontools." >&2
    exit 2
fi

failing=0 seen=0
while read -r device option type _; do
    case $device in
    /dev/*) ;;
    *) continue ;;
    esac
    seen=$((seen + 1))
    echo "== $device ($type)"
    report=$(smartctl --health --attributes --info "$option" "$type" "$device")
    code=$?
    grep -E '^(Device Model|Model Number|Serial Number|SMART overall|SMART Health|Temperature:|Percentage Used:|Power On Hours:)|Reallocated_Sector_Ct|Current_Pending_Sector|Offline_Uncorrectable|Power_On_Hours|Temperature_Celsius' <<<"$report"
    # Bit 3: the disk is failing. Bit 4: a value has reached its limit.
    if [ $((code & 24)) != 0 ]; then
        failing=$((failing + 1))
        echo "This disk is failing." >&2
    elif [ $((code & 7)) != 0 ]; then
        echo "It cannot be asked (smartctl ended with $code)."
    fi
    echo
done < <(smartctl --scan)

[ "$seen" -gt 0 ] || echo "smartctl sees no disk, as in most virtual machines."
if [ "$failing" -gt 0 ]; then
    echo "$failing of $seen disks are failing: copy what is on them." >&2
    exit 1
fi
exit 0
