# The settings that sshd uses. Exit code 1 when one should be tightened.
set -u

passwords=${DF_ALLOWPASSWORDS:-false}

sshd=$(command -v sshd || ls /usr/sbin/sshd 2>/dev/null)
if [ -z "$sshd" ]; then
    echo "No SSH server is installed."
    exit 0
fi
if ! settings=$("$sshd" -T 2>&1); then
    echo "sshd does not tell its settings: $settings" >&2
    exit 2
fi

value() { awk -v name="$1" '$1 == name { print $2; exit }' <<<"$settings"; }
wrong=0
# check NAME WHY VALUE...: the setting must be one of the values.
check() {
    local name=$1 why=$2 now wanted
    now=$(value "$1")
    shift 2
    for wanted in "$@"; do
        if [ "$now" = "$wanted" ]; then
            echo "good   $name $now"
            return
        fi
    done
    wrong=$((wrong + 1))
    echo "WRONG  $name ${now:-is not said}: $why"
}

check permitrootlogin "root should sign in with a key at most" no forced-commands-only prohibit-password \
    without-password
check permitemptypasswords "accounts without a password are open to everybody" no
if [ "$passwords" != true ]; then
    check passwordauthentication "passwords can be guessed, keys cannot" no
    check kbdinteractiveauthentication "passwords can be guessed, keys cannot" no
fi
check hostbasedauthentication "other machines should not vouch for people" no
check ignorerhosts "files of users should not let others in" yes
check strictmodes "keys that others can change should not count" yes
check permituserenvironment "users should not set variables before they are checked" no

tries=$(value maxauthtries)
if [ "${tries:-99}" -gt 6 ]; then
    wrong=$((wrong + 1))
    echo "WRONG  maxauthtries $tries: at most 6 attempts per connection"
else
    echo "good   maxauthtries $tries"
fi

if [ "$wrong" -gt 0 ]; then
    echo "$wrong settings should be tightened." >&2
    exit 1
fi
