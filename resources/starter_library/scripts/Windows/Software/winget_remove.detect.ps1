# 0 when no app in the list of installed programs has this name.
param([Parameter(Mandatory = $true)][string]$AppName)

$ErrorActionPreference = 'Stop'
$keys = @(
    'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*'
    'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\*'
)
$found = Get-ItemProperty $keys -ErrorAction SilentlyContinue | Where-Object { $_.DisplayName -eq $AppName }
$package = Get-AppxPackage -AllUsers -ErrorAction SilentlyContinue | Where-Object { $_.Name -eq $AppName }
if ($found -or $package) { exit 1 }
"$AppName is not installed."
exit 0
