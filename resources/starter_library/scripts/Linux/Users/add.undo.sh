# Removes the account if the script made it. Its files stay.
set -u

user=${DF_USER:-}
mark=/var/lib/deployflow-scripts/user-$user

if [[ ! $user =~ ^[a-z_][a-z0-9_-]{0,31}$ || ! -e $mark ]]; then
    echo "$user was not made by this script: it stays." >&2
    exit 1
fi
if id -u "$user" >/dev/null 2>&1; then
    userdel "$user" || exit 1
fi
rm -- "$mark" || exit 1
echo "$user was removed; the files of the account stay where they are."
