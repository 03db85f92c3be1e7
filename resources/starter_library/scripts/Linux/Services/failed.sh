# Units that failed, with their last lines in the journal. Exit code 1 when there is one.
set -u

if ! command -v systemctl >/dev/null 2>&1 || [ ! -d /run/systemd/system ]; then
    echo "This machine is not run by systemd: nothing to check."
    exit 0
fi

failed=$(systemctl list-units --state=failed --plain --no-legend --no-pager | awk '{ print $1 }')
if [ -z "$failed" ]; then
    echo "No unit has failed."
    exit 0
fi

for unit in $failed; do
    echo "== $unit"
    systemctl show --property=Description,Result,ExecMainStatus,InactiveEnterTimestamp "$unit"
    journalctl --unit="$unit" --lines=10 --no-pager --quiet 2>/dev/null
    echo
done
echo "$(printf '%s\n' "$failed" | wc -l) failed." >&2
exit 1
