# Who can sign in here, who may become root, and who did sign in lately.
set -u

echo "== Accounts with a login shell"
awk -F: '$7 !~ /(nologin|false|sync|halt|shutdown)$/ { printf "%-20s uid %-6s %s\n", $1, $3, $7 }' /etc/passwd

echo
echo "== May become root"
awk -F: '$3 == 0 { print $1 " (uid 0)" }' /etc/passwd
for group in sudo wheel admin; do
    members=$(getent group "$group" | cut -d: -f4)
    [ -n "$members" ] && echo "$members (group $group)"
done

echo
echo "== Keys for SSH"
found=0
while IFS=: read -r name _ _ _ _ home _; do
    keys="$home/.ssh/authorized_keys"
    if [ -r "$keys" ]; then
        found=1
        echo "$name: $(grep -c -v -E '^[[:space:]]*(#|$)' "$keys") keys"
    fi
done </etc/passwd
[ "$found" = 1 ] || echo "none that this account can read"

echo
echo "== Latest sign-ins"
if command -v last >/dev/null 2>&1; then
    last -n 10 -w 2>/dev/null | sed '/^$/d'
else
    echo "last is not installed"
fi
