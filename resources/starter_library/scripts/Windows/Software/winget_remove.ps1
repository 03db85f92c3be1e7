# Removes one app by its whole name.
param([Parameter(Mandatory = $true)][string]$AppName)

$ErrorActionPreference = 'Stop'
if ($AppName -match '["\r\n]' -or $AppName.StartsWith('-')) {
    [Console]::Error.WriteLine("This cannot be the name of an app: $AppName")
    exit 2
}
# The system account has no winget on its path.
$winget = Get-ChildItem "$env:ProgramFiles\WindowsApps\Microsoft.DesktopAppInstaller_*_x64__8wekyb3d8bbwe\winget.exe", "$env:ProgramFiles\WindowsApps\Microsoft.DesktopAppInstaller_*_arm64__8wekyb3d8bbwe\winget.exe" -ErrorAction SilentlyContinue |
    Sort-Object -Property { $_.VersionInfo.FileVersionRaw } | Select-Object -Last 1
if (-not $winget) {
    [Console]::Error.WriteLine('winget is not on this machine: it needs the App Installer of Windows 10 1809 or later.')
    exit 2
}
& $winget.FullName uninstall --name $AppName --exact --silent --disable-interactivity --accept-source-agreements
# 0x8A150014: no app has this name.
if ($LASTEXITCODE -eq -1978335212) { exit 0 }
exit $LASTEXITCODE
