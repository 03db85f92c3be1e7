# Who uses memory and processor. Exit code 1 when too little memory is left.
set -u

count=${DF_COUNT:-15}
minimum=${DF_MINIMUMMB:-0}
count=${count%.*} minimum=${minimum%.*}

if ! command -v ps >/dev/null 2>&1; then
    echo "ps is not installed (package procps)." >&2
    exit 2
fi

available=$(awk '/^MemAvailable:/ { printf "%d", $2 / 1024 }' /proc/meminfo)
awk '/^(MemTotal|MemAvailable|SwapTotal|SwapFree):/ { printf "%-14s %10.1f MB\n", $1, $2 / 1024 }' /proc/meminfo

echo
echo "== Most memory"
ps -eo pid,user:16,rss,comm --sort=-rss --no-headers | head -n "$count" |
    awk '{ printf "%8.1f MB  %-16s %7d  %s\n", $3 / 1024, $2, $1, $4 }'

echo
echo "== Most processor time since the start of the program"
ps -eo pid,user:16,pcpu,comm --sort=-pcpu --no-headers | head -n "$count" |
    awk '{ printf "%8.1f %%   %-16s %7d  %s\n", $3, $2, $1, $4 }'

if [ "$available" -lt "$minimum" ]; then
    echo "Only $available MB are left, and $minimum MB should be." >&2
    exit 1
fi
