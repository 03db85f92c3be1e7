# Downloaded packages, and on request those that nothing needs.
set -u

unneeded=${DF_REMOVEUNNEEDED:-false}
have() { command -v "$1" >/dev/null 2>&1; }
# Free space of the file system with the caches, in kilobytes.
free_kb() { df -Pk /var/cache | awk 'NR == 2 { print $4 }'; }

before=$(free_kb)
if have apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get --quiet -o DPkg::Lock::Timeout=300 clean || exit 1
    if [ "$unneeded" = true ]; then
        apt-get --quiet --assume-yes -o DPkg::Lock::Timeout=300 autoremove || exit 1
    fi
elif have dnf; then
    dnf clean packages || exit 1
    if [ "$unneeded" = true ]; then
        dnf --assumeyes autoremove || exit 1
    fi
elif have zypper; then
    zypper --non-interactive clean || exit 1
else
    echo "No package manager that this script knows (apt, dnf, zypper)." >&2
    exit 2
fi
echo "$((($(free_kb) - before) / 1024)) MB more are free."
