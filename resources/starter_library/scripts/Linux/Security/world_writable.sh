# What everybody may write. Exit code 1 when there is something.
set -u

folder=${DF_FOLDER:-/etc}
if [ ! -d "$folder" ]; then
    echo "There is no folder $folder." >&2
    exit 2
fi

found=$(find "$folder" -xdev \( -type f -perm -0002 -o -type d -perm -0002 ! -perm -1000 \) -printf '%M %u:%g %p\n' 2>/dev/null)
if [ -z "$found" ]; then
    echo "Nothing under $folder can be changed by everybody."
    exit 0
fi
printf '%s\n' "$found" | head -n 500
echo "$(printf '%s\n' "$found" | wc -l) files and folders can be changed by everybody." >&2
exit 1
