# Whether a restart is due, and why. Exit code 1 when it is.
set -u

have() { command -v "$1" >/dev/null 2>&1; }
due=0

for mark in /run/reboot-required /var/run/reboot-required /run/reboot-needed /var/run/reboot-needed; do
    if [ -e "$mark" ]; then
        due=1
        echo "$mark is there."
        [ -r "$mark.pkgs" ] && sort -u "$mark.pkgs"
        break
    fi
done
if have needs-restarting; then
    needs-restarting -r || due=1
elif have zypper; then
    zypper needs-rebooting || due=1
fi
running=$(uname -r)
if [ -d /lib/modules ] && [ ! -d "/lib/modules/$running" ] && [ -n "$(ls -A /lib/modules)" ]; then
    due=1
    echo "The kernel $running runs, and is not installed any more."
fi

if [ "$due" = 1 ]; then
    echo "A restart is due."
    exit 1
fi
echo "No restart is known to be due."
