# Removes the account if the script made it.
param([Parameter(Mandatory = $true)][string]$User)

$ErrorActionPreference = 'Stop'
$kept = Get-Item 'HKLM:\SOFTWARE\DeployFlow\Undo\Users' -ErrorAction SilentlyContinue
$sid = if ($kept) { $kept.GetValue($User) }
if (-not $sid) {
    [Console]::Error.WriteLine("$User was not made by this script: it stays.")
    exit 1
}
# By its number: a new account may have the name by now.
if (Get-LocalUser | Where-Object { $_.SID.Value -eq $sid }) {
    Remove-LocalUser -SID $sid
}
$machine = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
$machine.OpenSubKey('SOFTWARE\DeployFlow\Undo\Users', $true).DeleteValue($User)
"$User was removed; the files of the account stay."
