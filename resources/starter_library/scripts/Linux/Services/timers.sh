# What cron and systemd start by themselves.
set -u

shopt -s nullglob

echo "== /etc/crontab and /etc/cron.d"
for file in /etc/crontab /etc/cron.d/*; do
    [ -r "$file" ] || continue
    # Without comments, empty lines and variables.
    grep -v -E '^[[:space:]]*(#|$)|^[A-Za-z_]+[[:space:]]*=' "$file" | sed "s|^|${file##*/}: |"
done

echo
echo "== Hourly, daily, weekly, monthly"
for folder in /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly; do
    for file in "$folder"/*; do
        [ -x "$file" ] && echo "${folder##*.}: ${file##*/}"
    done
done

echo
echo "== Of users"
for file in /var/spool/cron/crontabs/* /var/spool/cron/*; do
    [ -f "$file" ] && [ -r "$file" ] || continue
    grep -v -E '^[[:space:]]*(#|$)' "$file" | sed "s|^|${file##*/}: |"
done

if [ -d /run/systemd/system ]; then
    echo
    echo "== Timers"
    systemctl list-timers --all --no-pager
fi
exit 0
