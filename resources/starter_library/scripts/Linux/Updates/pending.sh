# Which updates wait, and whether a restart is due. Installs nothing.
set -u

refresh=${DF_REFRESH:-false}
have() { command -v "$1" >/dev/null 2>&1; }

report() {
    if [ -z "$1" ]; then
        echo "No updates wait."
    else
        echo "$(printf '%s\n' "$1" | wc -l) updates wait:"
        printf '%s\n' "$1"
    fi
}

if have apt-get; then
    if [ "$refresh" = true ]; then
        apt-get --quiet=2 -o DPkg::Lock::Timeout=300 update || exit 1
    fi
    # A line is "Inst name [installed] (candidate ...", or without [installed] for a new package.
    report "$(apt-get --simulate --quiet dist-upgrade 2>/dev/null | tr -d '()' | awk '
        /^Inst / && $3 ~ /^\[/ { print $2, substr($3, 2, length($3) - 2), "->", $4 }
        /^Inst / && $3 !~ /^\[/ { print $2, "new:", $3 }')"
elif have dnf; then
    known=--cacheonly
    [ "$refresh" = true ] && known=--refresh
    report "$(dnf --quiet "$known" check-update 2>/dev/null | awk 'NF == 3 { print $1, $2 }')"
elif have zypper; then
    if [ "$refresh" = true ]; then
        zypper --quiet --non-interactive refresh || exit 1
    fi
    report "$(zypper --quiet --no-refresh list-updates 2>/dev/null | awk -F'|' '$1 ~ /v/ { print $3, $5 }')"
elif have apk; then
    [ "$refresh" = true ] && apk update --quiet
    report "$(apk version -l '<' 2>/dev/null | tail -n +2)"
elif have pacman; then
    report "$(pacman -Qu 2>/dev/null)"
else
    echo "No package manager that this script knows (apt, dnf, zypper, apk, pacman)." >&2
    exit 2
fi

if [ -e /var/run/reboot-required ] || [ -e /run/reboot-needed ]; then
    echo "A restart is due."
elif have needs-restarting && ! needs-restarting -r >/dev/null 2>&1; then
    echo "A restart is due."
else
    echo "No restart is known to be due."
fi
