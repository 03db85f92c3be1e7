# The power plan from before.
$ErrorActionPreference = 'Stop'

$kept = Get-ItemProperty 'HKLM:\SOFTWARE\DeployFlow\Undo' -Name PowerPlan -ErrorAction SilentlyContinue
if (-not $kept) {
    'The script was not run here: nothing to take back.'
    exit 0
}
powercfg.exe /setactive $kept.PowerPlan
if ($LASTEXITCODE -ne 0) { exit 1 }
Remove-ItemProperty -Path 'HKLM:\SOFTWARE\DeployFlow\Undo' -Name PowerPlan
powercfg.exe /getactivescheme
