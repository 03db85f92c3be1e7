# Errors of the journal, or of the classic log. Exit code 1 when there are more than allowed.
set -u

hours=${DF_HOURS:-24}
allowed=${DF_ALLOWED:-0}
hours=${hours%.*} allowed=${allowed%.*}

if ! command -v journalctl >/dev/null 2>&1; then
    echo "This machine keeps no journal. Its log may be /var/log/syslog or /var/log/messages."
    exit 0
fi

list=$(mktemp) || exit 2
trap 'rm -f "$list"' EXIT
if ! journalctl --priority=err --since="-${hours}h" --no-pager --quiet --output=short-iso >"$list"; then
    echo "The journal cannot be read." >&2
    exit 2
fi
# Notes about missing rights and boots begin with "--".
sed -i '/^-- /d' "$list"
count=$(wc -l <"$list")

echo "$count errors in the last $hours hours"
if [ "$count" -gt 0 ]; then
    echo
    echo "== By who wrote them"
    awk '{ name = $3; sub(/\[[0-9]+\]/, "", name); sub(/:$/, "", name); seen[name]++ }
        END { for (name in seen) printf "%7d  %s\n", seen[name], name }' "$list" | sort -rn | head -n 20
    echo
    echo "== The latest"
    tail -n 20 "$list"
fi
[ "$count" -le "$allowed" ]
