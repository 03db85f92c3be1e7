# Removes the app.
param([Parameter(Mandatory = $true)][string]$Id)

$ErrorActionPreference = 'Stop'
if ($Id -notmatch '^[A-Za-z0-9][A-Za-z0-9._+-]*$') {
    [Console]::Error.WriteLine("This cannot be the id of an app: $Id")
    exit 2
}
$winget = Get-ChildItem "$env:ProgramFiles\WindowsApps\Microsoft.DesktopAppInstaller_*_x64__8wekyb3d8bbwe\winget.exe", "$env:ProgramFiles\WindowsApps\Microsoft.DesktopAppInstaller_*_arm64__8wekyb3d8bbwe\winget.exe" -ErrorAction SilentlyContinue |
    Sort-Object -Property { $_.VersionInfo.FileVersionRaw } | Select-Object -Last 1
if (-not $winget) {
    [Console]::Error.WriteLine('winget is not on this machine.')
    exit 2
}
& $winget.FullName uninstall --id $Id --exact --silent --disable-interactivity --accept-source-agreements
# 0x8A150014: it is not there.
if ($LASTEXITCODE -eq -1978335212) { exit 0 }
exit $LASTEXITCODE
