# Takes back what the script set; the package stays.
set -u

if [ -e /etc/apt/apt.conf.d/90deployflow-unattended ]; then
    rm -- /etc/apt/apt.conf.d/90deployflow-unattended || exit 1
    echo "What the machine did before is in force again."
elif command -v dnf >/dev/null 2>&1; then
    systemctl disable --now dnf-automatic-install.timer || exit 1
    echo "Updates are not installed by themselves any more."
else
    echo "The script was not run here: nothing to take back."
fi
