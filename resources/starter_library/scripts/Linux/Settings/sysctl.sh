# Sets a kernel value for good.
set -u

key=${DF_KEY:-}
value=${DF_VALUE:-}
if [[ ! $key =~ ^[A-Za-z0-9_*.:-]+(/[A-Za-z0-9_.:-]+)*$ || $key == -* || $key == *..* ]]; then
    echo "This cannot be the name of a kernel setting: $key" >&2
    exit 2
fi
if [[ $value == *$'\n'* || -z $value ]]; then
    echo "A value is one line." >&2
    exit 2
fi
if ! before=$(sysctl --values "$key"); then
    echo "This kernel has no setting $key." >&2
    exit 2
fi

file=/etc/sysctl.d/90-deployflow-${key//\//.}.conf
# What was there before the first time counts.
if [ -r "$file" ]; then
    before=$(sed -n 's/^# before: //p' "$file")
fi
sysctl --write "$key=$value" || exit 1
printf '# Set by DeployFlow.\n# before: %s\n%s = %s\n' "$before" "$key" "$value" >"$file.new" || exit 1
mv -- "$file.new" "$file" || exit 1
echo "$file keeps it."
