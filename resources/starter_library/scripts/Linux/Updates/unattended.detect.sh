# 0 when updates are installed by themselves already.
set -u

if command -v apt-get >/dev/null 2>&1; then
    command -v unattended-upgrade >/dev/null 2>&1 || exit 1
    apt-config dump APT::Periodic::Unattended-Upgrade | grep -q '"1"' || exit 1
    apt-config dump APT::Periodic::Update-Package-Lists | grep -q '"1"' || exit 1
    echo "Updates are installed every day already."
else
    systemctl is-enabled --quiet dnf-automatic-install.timer || exit 1
fi
