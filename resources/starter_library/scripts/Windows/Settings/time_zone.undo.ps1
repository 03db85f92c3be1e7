# The time zone from before.
$ErrorActionPreference = 'Stop'

$kept = Get-ItemProperty 'HKLM:\SOFTWARE\DeployFlow\Undo' -Name TimeZone -ErrorAction SilentlyContinue
if (-not $kept) {
    'The script was not run here: nothing to take back.'
    exit 0
}
Set-TimeZone -Id $kept.TimeZone
Remove-ItemProperty -Path 'HKLM:\SOFTWARE\DeployFlow\Undo' -Name TimeZone
"The time zone is $($kept.TimeZone) again."
