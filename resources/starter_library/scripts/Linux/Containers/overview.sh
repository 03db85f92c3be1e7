# Containers of this machine. Exit code 1 when one is unwell.
set -u

unwell=0 engines=0
for engine in docker podman; do
    command -v "$engine" >/dev/null 2>&1 || continue
    engines=$((engines + 1))
    echo "== $engine"
    if ! list=$(timeout 30 "$engine" ps --all --format '{{.Names}}\t{{.Image}}\t{{.Status}}' 2>&1); then
        echo "It is installed and does not answer: $(head -n 1 <<<"$list")"
        continue
    fi
    if [ -z "$list" ]; then
        echo "no containers"
    else
        printf '%s\n' "$list" | awk -F '\t' '{ printf "%-28s %-40s %s\n", $1, $2, $3 }'
    fi
    timeout 30 "$engine" system df 2>/dev/null
    unwell=$((unwell + $(grep -c -E 'unhealthy|Restarting' <<<"$list")))
    echo
done
[ "$engines" -gt 0 ] || echo "Neither Docker nor Podman is installed."
if [ "$unwell" -gt 0 ]; then
    echo "$unwell containers are unwell." >&2
    exit 1
fi
exit 0
