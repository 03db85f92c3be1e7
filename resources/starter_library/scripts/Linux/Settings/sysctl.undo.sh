# Removes what the script kept, and sets the value from before.
set -u

key=${DF_KEY:-}
file=/etc/sysctl.d/90-deployflow-${key//\//.}.conf
if [ ! -r "$file" ]; then
    echo "$key was not set by this script: nothing to take back."
    exit 0
fi
before=$(sed -n 's/^# before: //p' "$file")
sysctl --write "$key=$before" || exit 1
rm -- "$file" || exit 1
