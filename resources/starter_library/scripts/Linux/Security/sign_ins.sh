# Sign-ins and failed attempts. Exit code 1 when there are too many of these.
set -u

count=${DF_COUNT:-20}
allowed=${DF_ALLOWEDFAILURES:--1}
count=${count%.*} allowed=${allowed%.*}
have() { command -v "$1" >/dev/null 2>&1; }

echo "== Now"
if have who && [ -n "$(who)" ]; then who; else echo "nobody"; fi

echo
echo "== Lately"
if have last; then
    last -n "$count" -w 2>/dev/null | sed '/^$/d'
else
    echo "last is not installed"
fi

echo
echo "== Failed attempts, by where they came from"
if have lastb && [ -r /var/log/btmp ]; then
    failures=$(lastb -w 2>/dev/null | sed '/^$/d; /^btmp begins/d')
elif have journalctl; then
    failures=$(journalctl --no-pager --quiet --since=-7days --identifier=sshd --grep='^Failed password' 2>/dev/null)
else
    echo "This machine does not remember them where this account can read it."
    exit 0
fi
total=$(printf '%s' "$failures" | grep -c '')
if [ "$total" -gt 0 ]; then
    printf '%s\n' "$failures" | grep -o -E '([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-fA-F:]*:[0-9a-fA-F:]+:[0-9a-fA-F:]+|tty[0-9]*' |
        sort | uniq -c | sort -rn | head -n "$count"
fi
echo "$total failed attempts"
if [ "$allowed" -ge 0 ] && [ "$total" -gt "$allowed" ]; then
    echo "More than $allowed attempts failed." >&2
    exit 1
fi
exit 0
