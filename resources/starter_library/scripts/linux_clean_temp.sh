# Old files in the temporary folders. Arguments: days (default 14), then the word "delete".
set -u

days=${1:-14}
action=${2:-show}

case $days in
'' | *[!0-9]*)
    echo "The number of days is not a number: $days" >&2
    exit 2
    ;;
esac

old_files() {
    # Sockets and lock files belong to programs that run; other file systems are left alone.
    find /tmp /var/tmp -xdev -type f -mtime "+$days" ! -name '*.lock' "$@" 2>/dev/null
}

bytes=$(old_files -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
count=$(old_files -printf '.' | wc -c)
printf '%s files untouched for more than %s days, %.1f MB\n' "$count" "$days" "$(echo "$bytes" | awk '{ print $1 / 1048576 }')"

if [ "$action" = delete ]; then
    old_files -print -delete
    echo "Deleted."
else
    old_files -print | head -n 50
    echo "Nothing was deleted. Run it again with the arguments: $days delete"
fi
