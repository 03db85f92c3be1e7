# 0 when the value is in force and kept.
set -u

key=${DF_KEY:-}
now=$(sysctl --values "$key" 2>/dev/null | tr -s '[:space:]' ' ') || exit 1
wanted=$(printf '%s\n' "${DF_VALUE:-}" | tr -s '[:space:]' ' ')
[ "$now" = "$wanted" ] || exit 1
[ -e "/etc/sysctl.d/90-deployflow-${key//\//.}.conf" ] || exit 1
echo "$key is $now already."
