# Old files in the temporary folders.
set -u

days=${DF_DAYS:-14}
days=${days%.*}
delete=${DF_DELETE:-false}

old_files() {
    # Sockets and lock files belong to programs that run; other file systems are left alone.
    find /tmp /var/tmp -xdev -type f -mtime "+$days" ! -name '*.lock' "$@" 2>/dev/null
}

bytes=$(old_files -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
count=$(old_files -printf '.' | wc -c)
printf '%s files untouched for more than %s days, %.1f MB\n' "$count" "$days" "$(echo "$bytes" | awk '{ print $1 / 1048576 }')"

if [ "$delete" = true ]; then
    old_files -print -delete
    echo "Deleted."
else
    old_files -print | head -n 50
    echo "Nothing was deleted: that has to be asked for."
fi
