# What fills the disk.
set -u

folder=${DF_FOLDER:-/var}
if [ ! -d "$folder" ]; then
    echo "There is no folder $folder." >&2
    exit 2
fi

echo "== File systems, the fullest first"
df -hP -x tmpfs -x devtmpfs -x squashfs 2>/dev/null | { read -r head; echo "$head"; sort -k5 -rn; }

echo
echo "== Largest folders under $folder"
# Other file systems are left out: they fill another disk.
du -xh --max-depth=2 -- "$folder" 2>/dev/null | sort -rh | head -n 15

echo
echo "== Files above 50 MB under $folder"
found=$(find "$folder" -xdev -type f -size +50M -printf '%s\t%p\n' 2>/dev/null | sort -rn | head -n 20)
if [ -z "$found" ]; then
    echo "none"
else
    printf '%s\n' "$found" | awk -F '\t' '{ printf "%8.1f MB  %s\n", $1 / 1048576, $2 }'
fi
