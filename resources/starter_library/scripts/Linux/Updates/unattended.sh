# Daily security updates. What this sets is in files and timers of its own, so that it can be taken back.
set -u

have() { command -v "$1" >/dev/null 2>&1; }

if have apt-get; then
    if ! have unattended-upgrade; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get --quiet --assume-yes -o DPkg::Lock::Timeout=300 install unattended-upgrades || exit 1
    fi
    cat >/etc/apt/apt.conf.d/90deployflow-unattended <<'END' || exit 1
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
END
    echo "unattended-upgrades installs security updates every day."
elif have dnf; then
    dnf --assumeyes install dnf-automatic || exit 1
    systemctl enable --now dnf-automatic-install.timer || exit 1
    echo "dnf-automatic installs updates every day."
else
    echo "This script knows apt and dnf only." >&2
    exit 2
fi
