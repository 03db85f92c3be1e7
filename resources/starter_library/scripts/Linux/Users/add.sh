# An account with a key. What is there already stays.
set -u

user=${DF_USER:-}
full=${DF_FULLNAME:-}
shell=${DF_SHELL:-/bin/bash}
key=${DF_SSHKEY:-}
administrator=${DF_ADMINISTRATOR:-false}
marks=/var/lib/deployflow-scripts

if [[ ! $user =~ ^[a-z_][a-z0-9_-]{0,31}$ ]]; then
    echo "This cannot be the name of an account: $user (small letters, digits, _ and -, at most 32)" >&2
    exit 2
fi
if [[ $full == *[:,$'\n']* ]]; then
    echo "A full name has no colon, no comma and one line." >&2
    exit 2
fi
if [[ -n $key && ! $key =~ ^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+\ [A-Za-z0-9+/=]+(\ .*)?$ ]]; then
    echo "This is no public SSH key." >&2
    exit 2
fi

if id -u "$user" >/dev/null 2>&1; then
    usermod --shell "$shell" "$user" || exit 1
    echo "$user was there already."
else
    useradd --create-home --shell "$shell" --comment "$full" "$user" || exit 1
    mkdir -p "$marks" && : >"$marks/user-$user" || exit 1
    echo "$user was made."
fi

if [ "$administrator" = true ]; then
    group=$(getent group sudo wheel | head -n 1 | cut -d: -f1)
    if [ -z "$group" ]; then
        echo "There is neither a group sudo nor a group wheel." >&2
        exit 1
    fi
    usermod --append --groups "$group" "$user" || exit 1
    echo "$user is in the group $group."
fi

if [ -n "$key" ]; then
    home=$(getent passwd "$user" | cut -d: -f6)
    # As the account itself: in its own folder it decides where names lead.
    printf '%s\n' "$key" | runuser -u "$user" -- sh -c '
        umask 077
        mkdir -p "$1/.ssh" || exit 1
        key=$(cat)
        grep -q -x -F -e "$key" "$1/.ssh/authorized_keys" 2>/dev/null ||
            printf "%s\n" "$key" >>"$1/.ssh/authorized_keys"' sh "$home" || exit 1
    echo "$user signs in with the key."
fi
