# Installs one app by its id.
param([Parameter(Mandatory = $true)][string]$Id)

$ErrorActionPreference = 'Stop'
if ($Id -notmatch '^[A-Za-z0-9][A-Za-z0-9._+-]*$') {
    [Console]::Error.WriteLine("This cannot be the id of an app: $Id")
    exit 2
}
# The system account has no winget on its path.
$winget = Get-ChildItem "$env:ProgramFiles\WindowsApps\Microsoft.DesktopAppInstaller_*_x64__8wekyb3d8bbwe\winget.exe", "$env:ProgramFiles\WindowsApps\Microsoft.DesktopAppInstaller_*_arm64__8wekyb3d8bbwe\winget.exe" -ErrorAction SilentlyContinue |
    Sort-Object -Property { $_.VersionInfo.FileVersionRaw } | Select-Object -Last 1
if (-not $winget) {
    [Console]::Error.WriteLine('winget is not on this machine: it needs the App Installer of Windows 10 1809 or later.')
    exit 2
}
& $winget.FullName install --id $Id --exact --source winget --scope machine --silent --disable-interactivity --accept-package-agreements --accept-source-agreements
# 0x8A15002B and 0x8A150061: it is there, and nothing newer is.
if ($LASTEXITCODE -eq -1978335189 -or $LASTEXITCODE -eq -1978335135) { exit 0 }
exit $LASTEXITCODE
