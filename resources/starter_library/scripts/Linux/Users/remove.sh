# Removes one account of a person.
set -u

user=${DF_USER:-}
files=${DF_DELETEFILES:-false}

if [[ ! $user =~ ^[a-z_][a-z0-9_.-]{0,31}$ ]]; then
    echo "This cannot be the name of an account: $user" >&2
    exit 2
fi
if ! number=$(id -u "$user" 2>/dev/null); then
    echo "There is no account $user."
    exit 0
fi
if [ "$number" -lt 1000 ] || [ "$number" -ge 60000 ]; then
    echo "$user is an account of the system: it stays." >&2
    exit 2
fi
if who | awk '{ print $1 }' | grep -q -x -F -e "$user"; then
    echo "$user is signed in: try again later." >&2
    exit 1
fi
if [ "$files" = true ]; then
    userdel --remove "$user" || exit 1
    echo "$user was removed with the home folder."
else
    userdel "$user" || exit 1
    echo "$user was removed; the files of the account stay."
fi
