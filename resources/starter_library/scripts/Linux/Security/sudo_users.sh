# Everybody who can become root.
set -u

shopt -s nullglob

echo "== Accounts that are root"
awk -F: '$3 == 0 { print $1 }' /etc/passwd

echo
echo "== Members of groups"
for group in sudo wheel admin root; do
    line=$(getent group "$group") || continue
    members=${line##*:}
    number=$(cut -d: -f3 <<<"$line")
    # Whoever has it as the first group is not among its members.
    first=$(awk -F: -v number="$number" '$4 == number { print $1 }' /etc/passwd | paste -sd, -)
    all=$(printf '%s,%s' "$members" "$first" | tr ',' '\n' | sed '/^$/d' | sort -u | paste -sd' ' -)
    echo "$group: ${all:-nobody}"
done

echo
echo "== Rules of sudo"
rules=0
for file in /etc/sudoers /etc/sudoers.d/*; do
    [ -r "$file" ] || continue
    rules=1
    grep -v -E '^[[:space:]]*(#|$|Defaults)' "$file" | sed "s|^|${file##*/}: |"
done
[ "$rules" = 1 ] || echo "There are none that this account can read."
exit 0
