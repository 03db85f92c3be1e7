# Installs updates without a restart. Exit code 194 when a restart is due afterwards.
set -u -o pipefail

scope=${DF_SCOPE:-all}
have() { command -v "$1" >/dev/null 2>&1; }
restart=0

with_apt() {
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
    local options=(--quiet --assume-yes -o DPkg::Lock::Timeout=300
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold)
    apt-get --quiet=2 -o DPkg::Lock::Timeout=300 update || return 1
    if [ "$scope" = all ]; then
        apt-get "${options[@]}" --with-new-pkgs upgrade
        return
    fi
    local plan packages
    plan=$(apt-get --simulate --quiet --with-new-pkgs upgrade) || return 1
    mapfile -t packages < <(awk '/^Inst / && tolower($0) ~ /security/ { print $2 }' <<<"$plan")
    if [ "${#packages[@]}" = 0 ]; then
        echo "No security updates wait."
    else
        apt-get "${options[@]}" install --only-upgrade -- "${packages[@]}"
    fi
}

with_dnf() {
    if [ "$scope" = security ]; then
        dnf --assumeyes --refresh upgrade --security
    else
        dnf --assumeyes --refresh upgrade
    fi
}

with_zypper() {
    local code=0
    if [ "$scope" = security ]; then
        zypper --non-interactive patch --category security || code=$?
    else
        zypper --non-interactive update || code=$?
    fi
    # 102: a restart is due. 103: zypper itself was updated and wants to be called again.
    case $code in
    102) restart=1 ;;
    103) with_zypper ;;
    *) return "$code" ;;
    esac
}

if have apt-get; then
    with_apt
elif have dnf; then
    with_dnf
elif have zypper; then
    with_zypper
else
    echo "No package manager that this script knows (apt, dnf, zypper)." >&2
    exit 2
fi
code=$?
if [ "$code" != 0 ]; then
    echo "The package manager ended with $code." >&2
    exit 1
fi

if [ -e /var/run/reboot-required ] || [ -e /run/reboot-needed ]; then
    restart=1
elif have needs-restarting && ! needs-restarting -r >/dev/null 2>&1; then
    restart=1
fi
if [ "$restart" = 1 ]; then
    echo "A restart is due."
    exit 194
fi
echo "Done; no restart is known to be due."
