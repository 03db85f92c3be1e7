# Certificates that expire soon. Exit code 1 when there is one.
set -u

days=${DF_DAYS:-30}
days=${days%.*}
folder=${DF_FOLDER:-}

if ! command -v openssl >/dev/null 2>&1; then
    echo "openssl is not installed." >&2
    exit 2
fi
folders=(/etc/letsencrypt/live /etc/nginx /etc/apache2 /etc/httpd /etc/haproxy /etc/postfix /etc/dovecot
    /etc/pki/tls/certs /usr/local/etc/ssl)
if [ -n "$folder" ]; then
    if [ ! -d "$folder" ]; then
        echo "There is no folder $folder." >&2
        exit 2
    fi
    folders=("$folder")
fi

seen=0 soon=0
while IFS= read -r -d '' file; do
    # A bundle of authorities is not a certificate of this machine.
    [ "$(grep -c -e '-----BEGIN CERTIFICATE-----' "$file" 2>/dev/null)" -gt 20 ] && continue
    about=$(openssl x509 -in "$file" -noout -subject -enddate 2>/dev/null) || continue
    seen=$((seen + 1))
    until=$(sed -n 's/^notAfter=//p' <<<"$about")
    left=$((($(date -d "$until" +%s) - $(date +%s)) / 86400))
    mark=good
    if [ "$left" -lt "$days" ]; then
        mark=SOON
        soon=$((soon + 1))
    fi
    printf '%s  %5d days  %s  %s\n' "$mark" "$left" "$file" "$(sed -n 's/^subject=//p' <<<"$about")"
done < <(for one in "${folders[@]}"; do
    [ -d "$one" ] && find -L "$one" -type f \( -name '*.pem' -o -name '*.crt' -o -name '*.cer' \) -print0 2>/dev/null
done)

echo "$seen certificates"
if [ "$soon" -gt 0 ]; then
    echo "$soon expire within $days days, or have expired." >&2
    exit 1
fi
exit 0
