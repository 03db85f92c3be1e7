# 0 when the time zone is the one that is asked for.
set -u

wanted=/usr/share/zoneinfo/${DF_ZONE:-}
[ -f "$wanted" ] || exit 1
[ "$(readlink -f /etc/localtime)" = "$(readlink -f "$wanted")" ] || exit 1
echo "The time zone is ${DF_ZONE:-} already."
