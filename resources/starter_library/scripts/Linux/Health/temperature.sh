# Temperatures from the kernel. Exit code 1 when one is above the limit.
set -u

limit=${DF_LIMIT:-85}
limit=${limit%.*}
hot=0 seen=0

# The kernel gives thousandths of a degree.
show() {
    local name=$1 value=$2
    case $value in
    '' | *[!0-9-]*) return ;;
    esac
    seen=1
    printf '%6s °C  %s\n' "$((value / 1000))" "$name"
    if [ "$((value / 1000))" -gt "$limit" ]; then
        hot=$((hot + 1))
    fi
}

for file in /sys/class/hwmon/hwmon*/temp*_input; do
    [ -r "$file" ] || continue
    label=$(cat "${file%_input}_label" 2>/dev/null)
    show "$(cat "${file%/*}/name" 2>/dev/null) ${label:-${file##*/}}" "$(cat "$file" 2>/dev/null)"
done
for zone in /sys/class/thermal/thermal_zone*; do
    [ -r "$zone/temp" ] || continue
    show "$(cat "$zone/type" 2>/dev/null)" "$(cat "$zone/temp" 2>/dev/null)"
done

[ "$seen" = 1 ] || echo "This machine has no sensors that the kernel knows, as virtual machines do not."
if [ "$hot" -gt 0 ]; then
    echo "$hot above $limit °C." >&2
    exit 1
fi
