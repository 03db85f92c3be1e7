# 0 when the account is there as it is asked for.
set -u

user=${DF_USER:-}
shell=${DF_SHELL:-/bin/bash}
key=${DF_SSHKEY:-}
administrator=${DF_ADMINISTRATOR:-false}

line=$(getent passwd "$user") || exit 1
[ "${line##*:}" = "$shell" ] || exit 1
if [ "$administrator" = true ]; then
    id -nG "$user" | tr ' ' '\n' | grep -q -x -E 'sudo|wheel' || exit 1
fi
if [ -n "$key" ]; then
    grep -q -x -F -e "$key" "$(cut -d: -f6 <<<"$line")/.ssh/authorized_keys" 2>/dev/null || exit 1
fi
echo "$user is there as it should be."
