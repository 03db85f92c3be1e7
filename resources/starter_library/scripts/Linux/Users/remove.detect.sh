# 0 when there is no such account.
set -u

if getent passwd "${DF_USER:-}" >/dev/null; then
    exit 1
fi
echo "There is no account ${DF_USER:-}."
